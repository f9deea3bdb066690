/** The side effects of a journey, made from what they work on. */
import type { ActivityDependencies } from './dependencies.ts';
import { laboratoryActivities } from './laboratory.ts';
import { mailActivities } from './mail.ts';
import { recordActivities } from './records.ts';
import { sandboxActivities } from './sandbox.ts';
import { smsActivities } from './sms.ts';
import type { Activities } from './types.ts';
import { visitActivities } from './visits.ts';

/** Makes the activities that workflows ask for. */
export function createActivities(dependencies: ActivityDependencies): Activities {
  return {
    ...recordActivities(dependencies),
    ...laboratoryActivities(dependencies),
    ...mailActivities(dependencies),
    ...smsActivities(dependencies),
    ...visitActivities(dependencies),
    ...sandboxActivities(dependencies),
  };
}
