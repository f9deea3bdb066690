/** `GET /` for those who come from elsewhere. */
import type { Server } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import express from 'express';
import { homeRouter } from '../../api/home.ts';

let server: Server;
afterEach(() => new Promise((resolve) => server.close(resolve)));

async function home(publicUrl: string): Promise<Record<string, string>> {
  const pages = { temporalUiUrl: 'http://10.0.0.7:8233', mailUiUrl: 'http://10.0.0.7:8025' };
  server = createServer(express().use(homeRouter('1.2.3', { publicUrl, ...pages })));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const response = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
  return (await response.json()) as Record<string, string>;
}

test('a public API names its own pages by its public address, and none of the operator’s', async () => {
  const { name, version, authentication, ...places } = await home('https://labs.example');
  expect({ name, version }).toEqual({ name: 'Venule', version: '1.2.3' });
  expect(authentication).toContain('x-vital-api-key');
  expect(Object.values(places).every((place) => place.startsWith('https://labs.example/'))).toBe(true);
});

test('on this machine the operator’s pages are named as well', async () => {
  expect(await home('http://127.0.0.1:3000')).toMatchObject({
    temporal_ui: 'http://10.0.0.7:8233',
    mail: 'http://10.0.0.7:8025',
  });
});
