/** Operations of which the path, the id or the summary holds every word that is sought. */
function findOperations(taggedOperations, phrase) {
  const words = phrase.toLowerCase().split(/\s+/);
  return taggedOperations
    .map((tag, name) =>
      tag.update('operations', (operations) =>
        operations.filter((each) => {
          const operation = each.get('operation');
          const texts = [name, each.get('path'), operation.get('operationId'), operation.get('summary')];
          const text = texts.join(' ').toLowerCase();
          return words.every((word) => text.includes(word));
        }),
      ),
    )
    .filter((tag) => tag.get('operations').size > 0);
}

SwaggerUIBundle({
  url: 'openapi.json',
  dom_id: '#reference',
  deepLinking: true,
  docExpansion: 'list',
  defaultModelsExpandDepth: 0,
  persistAuthorization: true,
  validatorUrl: null,
  filter: true,
  plugins: [() => ({ fn: { opsFilter: findOperations } })],
});
