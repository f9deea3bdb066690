/** The published Python SDK, as a program that tests ask line by line. */
import { type PythonProgram, startPythonProgram } from './python-program.ts';

/** The package, as pip takes it. */
export const PYTHON_SDK = 'junction-api-sdk==2.0.0';

/** Starts the SDK's program with a team's key. @param python Of an environment that holds the SDK. */
export const startPythonSdk = (python: string, apiKey: string, url: string): PythonProgram =>
  startPythonProgram(python, 'junction_bridge.py', apiKey, url);
