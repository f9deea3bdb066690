/**
 * TypeScript is compiled to CommonJS for the tests, and so are dependencies that come as ES modules only, and the one
 * file of MongoDB's driver that calls `import()`, which Jest cannot do for CommonJS.
 */
const compiled = ['get-port/', 'pdfjs-dist/', 'qr/', 'mongodb/lib/runtime_adapters'];

/** @type {import('jest').Config} */
export default {
  testMatch: ['<rootDir>/test/**/*.test.ts'],
  transform: {
    '\\.(ts|mjs|js)$': [
      '@swc/jest',
      { jsc: { parser: { syntax: 'typescript' }, target: 'es2023' }, module: { type: 'commonjs' } },
    ],
  },
  transformIgnorePatterns: [`/node_modules/(?!${compiled.join('|')})`],
  globalSetup: '<rootDir>/test/support/running/global-setup.ts',
  globalTeardown: '<rootDir>/test/support/running/global-teardown.ts',
  modulePathIgnorePatterns: ['<rootDir>/.venule'],
  testSequencer: '<rootDir>/test/support/running/longest-first.mjs',
  maxWorkers: 2,
  // What modules of one file after another leave behind adds up to gigabytes.
  workerIdleMemoryLimit: '2GB',
  testTimeout: 60_000,
};
