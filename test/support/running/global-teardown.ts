import { rmSync } from 'node:fs';
import './global-setup.ts';

/** Stops what `global-setup.ts` started. */
export default async function stopRealParts(): Promise<void> {
  const parts = globalThis.realParts;
  if (!parts) return;
  await Promise.all(parts.processes.map((process) => process.stop()));
  rmSync(parts.folder, { recursive: true, force: true });
}
