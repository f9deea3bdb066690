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
  const mail = mailActivities(dependencies);
  return {
    ...recordActivities(dependencies),
    ...laboratoryActivities(dependencies),
    ...mail,
    ...smsActivities(dependencies, mail),
    ...visitActivities(dependencies),
    ...sandboxActivities(dependencies),
  };
}
