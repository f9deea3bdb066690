/** Which methods an address takes, read from the routes themselves. */
import type { Express } from 'express';

/** As much of one of Express's layers as is read: a route, or a router whose path is a beginning. */
interface Layer {
  /** What of the path it matched; false when it is not its own. */
  match(path: string): { path: string } | false;
  route?: { methods: Record<string, boolean> };
  handle: { stack?: Layer[] };
}

/** In capitals, in alphabetical order, with HEAD where there is GET; empty when nothing has this address. */
export function allowedMethods(app: Express, path: string): string[] {
  const found = new Set(methodsAt((app.router as unknown as { stack: Layer[] }).stack, path));
  if (found.has('GET')) found.add('HEAD');
  return [...found].sort();
}

function methodsAt(stack: readonly Layer[], path: string): string[] {
  return stack.flatMap((layer) => {
    const matched = layer.match(path);
    if (!matched) return [];
    if (layer.route) return Object.keys(layer.route.methods).map((method) => method.toUpperCase());
    const rest = path.slice(matched.path.length);
    return layer.handle.stack ? methodsAt(layer.handle.stack, rest.startsWith('/') ? rest : `/${rest}`) : [];
  });
}
