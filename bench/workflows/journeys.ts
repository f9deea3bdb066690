/** The product's workflows, and one that makes the thread they live in collect its garbage. */
export * from '../../workflows/index.ts';

/** @returns whether it could: the worker must run with `--expose-gc`. */
export async function collectGarbage(): Promise<boolean> {
  const { gc } = globalThis as { gc?: () => void };
  gc?.();
  return gc !== undefined;
}
