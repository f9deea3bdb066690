/** What an engineer sees of a journey in Temporal. */
import type { WorkflowHandle } from '@temporalio/client';
import { defaultPayloadConverter } from '@temporalio/common';
import {
  decodeFromPayloadsAtIndex,
  decodeOptionalFailureToOptionalError,
} from '@temporalio/common/lib/internal-non-workflow/index.js';
import { tsToMs } from '@temporalio/common/lib/time.js';
import { EncryptionCodec, parseCodecKeys } from '../../temporal/codec.ts';
import { failureConverter } from '../../temporal/failure-converter.ts';
import { type JourneyState, journeyState } from '../../workflows/messages.ts';
import { TEST_CODEC_KEYS } from './running/in-process-venule.ts';

const converter = {
  payloadConverter: defaultPayloadConverter,
  failureConverter,
  payloadCodecs: [new EncryptionCodec(parseCodecKeys(TEST_CODEC_KEYS))],
};

/** An activity that is being tried. */
export interface PendingActivity {
  type: string;
  attempt: number;
  /** What the last attempt failed with; empty while none did. */
  lastFailure: string;
}

/** The activities that a journey waits for. */
export async function pendingActivities(workflow: WorkflowHandle): Promise<PendingActivity[]> {
  const { raw } = await workflow.describe();
  return Promise.all(
    (raw.pendingActivities ?? []).map(async ({ activityType, attempt, lastFailure }) => ({
      type: activityType?.name ?? '',
      attempt: attempt ?? 0,
      lastFailure: (await decodeOptionalFailureToOptionalError(converter, lastFailure))?.message ?? '',
    })),
  );
}

/** The journey's card in Temporal UI, in Markdown. */
export async function currentDetails(workflow: WorkflowHandle): Promise<string> {
  const metadata = await workflow.query<{ currentDetails?: string }>('__temporal_workflow_metadata');
  return metadata.currentDetails ?? '';
}

/** The journey's whole state. */
export function stateOf(workflow: WorkflowHandle): Promise<JourneyState> {
  return workflow.query(journeyState);
}

/** Until when a journey waits, for each of its timers of that summary that has neither fired nor been cancelled. */
export async function pendingTimers(workflow: WorkflowHandle, summary: string): Promise<Date[]> {
  const { events } = await workflow.fetchHistory();
  const settled = new Set(
    events?.map(
      ({ timerFiredEventAttributes: fired, timerCanceledEventAttributes: cancelled }) =>
        fired?.timerId ?? cancelled?.timerId,
    ),
  );
  const due: Date[] = [];
  for (const { timerStartedEventAttributes: timer, eventTime, userMetadata } of events ?? []) {
    if (!timer || settled.has(timer.timerId) || !userMetadata?.summary) continue;
    const said = await decodeFromPayloadsAtIndex(converter, 0, [userMetadata.summary]);
    if (said === summary) due.push(new Date(tsToMs(eventTime) + tsToMs(timer.startToFireTimeout)));
  }
  return due;
}
