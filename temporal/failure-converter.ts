/** Failures keep their messages and stacks encrypted, like everything else that Temporal holds for us. */
import { DefaultFailureConverter } from '@temporalio/common';

export const failureConverter = new DefaultFailureConverter({ encodeCommonAttributes: true });
