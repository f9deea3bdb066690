/** Requests about order transactions (D9). */
import { z } from 'zod';
import { uuid } from '../../wire/fields.ts';

export const transactionPath = z.object({ transaction_id: uuid });
