import { join } from 'node:path';
import {
  DefaultLogger,
  makeTelemetryFilterString,
  Runtime,
  Worker,
  type WorkflowBundleOption,
} from '@temporalio/worker';
import { parseCodecKeys } from '../../../temporal/codec.ts';
import { encryptingConverter } from '../../../temporal/connection.ts';
import { HISTORIES, readHistory, recordedHistories, underRules } from '../../support/recorded-history.ts';
import { TEST_CODEC_KEYS } from '../../support/running/in-process-venule.ts';
import { changedWorkflowBundle, workflowBundle } from '../../support/running/workflow-bundle.ts';
import { JOURNEYS } from './journeys.ts';

const recorded = recordedHistories();

beforeAll(() => {
  const filter = makeTelemetryFilterString({ core: 'ERROR', other: 'ERROR' });
  Runtime.install({
    logger: new DefaultLogger('ERROR'),
    shutdownSignals: [],
    telemetryOptions: { logging: { filter } },
  });
});

/** Replays recorded histories and answers with those that the code does not follow, with the reason. */
async function refusals(code: WorkflowBundleOption, names: string[]): Promise<[name: string, reason: string][]> {
  const histories = names.map((workflowId) => ({ workflowId, history: readHistory(workflowId) }));
  const dataConverter = encryptingConverter(parseCodecKeys(TEST_CODEC_KEYS));
  const refused: [string, string][] = [];
  for await (const { workflowId, error } of Worker.runReplayHistories(
    { workflowBundle: code, dataConverter },
    histories,
  )) {
    if (error) refused.push([workflowId, `${error.name}: ${error.message}`]);
  }
  return refused;
}

test('there is a recorded history under today’s rules for every way a journey can end, and for every redraw', () => {
  const wanted = JOURNEYS.flatMap(({ name, redraw }) => (redraw ? [name, `${name}.redraw`] : [name]));
  expect(recorded).toEqual(expect.arrayContaining(wanted.map((name) => underRules(name))));
});

test('today’s workflows follow every recorded history', async () => {
  expect(await refusals(await workflowBundle(), recorded)).toEqual([]);
});

test('a workflow that forgets a step is refused', async () => {
  const loader = join(HISTORIES, 'changed/without-requisition.cjs');
  const code = await changedWorkflowBundle('workflows/journey/journey.ts', loader);
  const [[name, reason] = []] = await refusals(code, [underRules('completed')]);
  expect(name).toBe(underRules('completed'));
  expect(reason).toMatch(/^DeterminismViolationError: .*nondeterminism/i);
});
