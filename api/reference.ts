/** `/reference`: the OpenAPI document to browse and try out, from this server alone. */
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import express, { type Router } from 'express';

const SWAGGER_UI = dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'));

const PAGE = `<!doctype html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <title>Venule API</title>
  <link rel="stylesheet" href="reference/swagger-ui.css">
</head>
<body>
  <div id="reference"></div>
  <script src="reference/swagger-ui-bundle.js"></script>
  <script>
    SwaggerUIBundle({
      url: 'openapi.json',
      dom_id: '#reference',
      deepLinking: true,
      docExpansion: 'list',
      defaultModelsExpandDepth: 0,
      persistAuthorization: true,
      validatorUrl: null,
    });
  </script>
</body>
</html>
`;

/** The page and what it loads; needs no key. */
export function referenceRouter(document: object): Router {
  const router = express.Router();
  router.get('/openapi.json', (_request, response) => {
    response.json(document);
  });
  router.get('/reference', (_request, response) => {
    response.type('html').send(PAGE);
  });
  router.use('/reference', express.static(SWAGGER_UI, { index: false, redirect: false }));
  return router;
}
