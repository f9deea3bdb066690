/** `/reference`: the OpenAPI document to browse and try out, from this server alone. */
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import express, { type Router } from 'express';
import { mayBeKept } from '../http/answer-headers.ts';

const SWAGGER_UI = dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'));

const WEB = join(import.meta.dirname, '../../web/reference');

/** The page runs what this server sends and asks nobody else. Swagger UI styles its elements one by one. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

const PAGE = `<!doctype html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <title>Venule API</title>
  <link rel="icon" href="data:,">
  <link rel="stylesheet" href="reference/swagger-ui.css">
</head>
<body>
  <div id="reference"></div>
  <script src="reference/swagger-ui-bundle.js"></script>
  <script src="reference/page.js"></script>
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
    response.set('content-security-policy', POLICY).type('html').send(PAGE);
  });
  for (const folder of [WEB, SWAGGER_UI]) {
    const files = { index: false, redirect: false, cacheControl: false, setHeaders: mayBeKept };
    router.use('/reference', express.static(folder, files));
  }
  return router;
}
