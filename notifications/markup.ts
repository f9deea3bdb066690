/** HTML that cannot be injected into: everything put into a template is escaped unless it is markup already. */

const ESCAPES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

/** A piece of finished HTML. Only the template tag makes it. */
export class Markup {
  readonly source: string;

  constructor(source: string) {
    this.source = source;
  }
}

/** Template tag: `` html`<p>${text}</p>` `` escapes `text`; pieces of markup and lists of them go in as they are. */
export function html(strings: TemplateStringsArray, ...values: (string | Markup | Markup[])[]): Markup {
  const parts = strings.map((literal, index) => {
    const value = values[index];
    return value === undefined ? literal : literal + sourceOf(value);
  });
  return new Markup(parts.join(''));
}

function sourceOf(value: string | Markup | Markup[]): string {
  if (Array.isArray(value)) return value.map((markup) => markup.source).join('');
  return value instanceof Markup ? value.source : value.replace(/[&<>"']/g, (sign) => ESCAPES[sign] ?? sign);
}
