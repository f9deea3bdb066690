/** What an operator is told although no error says so: that something is silent, or waits for too long (G9). */

/** From when on that is. */
export interface AlertLimits {
  /** Hours without a result of a laboratory although specimens are there; by its slug where it has its own, null for never. */
  lab_silent_hours: { default: number | null; labs: Readonly<Record<string, number | null>> };
  /** Minutes for which an order may be without its laboratory's acknowledgment. */
  unacknowledged_minutes: number;
  /** Minutes for which a report, a new reading of one, or what a phlebotomist reported may wait to be given to its journey, or a file to be picked up. */
  inbox_minutes: number;
  /** Minutes for which a webhook may wait for its first attempt, or for one that is due. */
  outbox_minutes: number;
  /** Days for which a test may be preliminary because nothing says what it is (OBR-25 blank or unknown). */
  preliminary_days: number;
  /** Hours for which a report may wait for a person. */
  review_hours: number;
}

export const DEFAULT_ALERT_LIMITS: AlertLimits = {
  lab_silent_hours: { default: 72, labs: {} },
  unacknowledged_minutes: 30,
  inbox_minutes: 15,
  outbox_minutes: 60,
  preliminary_days: 7,
  review_hours: 24,
};

/** How long a refused message is a matter, in hours. */
export const REFUSED_HOURS = 24;

/** What each matter is, in words, and what to do about it. */
export const MATTERS = {
  lab_silent: {
    what: 'No results from this laboratory, although orders are waiting for them',
    to_do: 'Ask the laboratory, and check its connection: npm run admin -- connection list',
  },
  unacknowledged: {
    what: 'Orders that their laboratory has not acknowledged',
    to_do: 'Temporal UI says why, on the page of each order: OrderStatus = "ordered"',
  },
  inbox: {
    what: 'Messages that wait to be read, or reports that wait to be given to their orders',
    to_do: 'Check that a worker runs, and its log; reports: npm run admin -- inbox list --state stored',
  },
  visits: {
    what: 'News of visits that waits to be given to its orders',
    to_do: 'Check that a worker runs, and its log: npm run admin -- phlebotomy events --state stored',
  },
  pick_up: {
    what: 'Files that cannot be picked up from this laboratory’s SFTP server',
    to_do: 'The worker’s log says why (sftp.…): check the server, and that we may read, rename, and archive there',
  },
  outbox: {
    what: 'Webhooks that are due and have not been sent',
    to_do: 'Check that a worker runs, and its log',
  },
  preliminary: {
    what: 'Tests that are preliminary because the laboratory has not said that they are final',
    to_do: 'Ask the laboratory to send them with a status (OBR-25)',
  },
  review: {
    what: 'Reports that wait for a person',
    to_do: 'npm run admin -- inbox list --state unmatched, and inbox list --to-review',
  },
  rejected: {
    what: 'Orders or cancellations that the laboratory rejected after it had accepted them',
    to_do: 'Call the laboratory: npm run admin -- order rejections',
  },
  refused: {
    what: 'Messages that were refused',
    to_do: 'Tell the laboratory: npm run admin -- inbox refused',
  },
  unreadable: {
    what: 'Events of phlebotomy providers that could not be read',
    to_do: 'Tell the provider, and look at the visits: npm run admin -- phlebotomy refused',
  },
} as const;

export type MatterKind = keyof typeof MATTERS;

/** Something that an operator has to look at. Names nobody: counts, codes and ids only. */
export interface Matter {
  kind: MatterKind;
  lab_slug: string | null;
  /** How many; at most `COUNTED`, which then means that many or more. */
  count: number;
  /** Since when the oldest of them waits. */
  since: Date;
  /** Ids of the first few, of orders, reports, or messages. */
  ids: string[];
}

/** Up to where things are counted, and how many are named. */
export const COUNTED = 1_000;
export const NAMED = 5;

/** What a matter is known by, from when it begins until it is over. */
export const matterKey = ({ kind, lab_slug }: Pick<Matter, 'kind' | 'lab_slug'>): string =>
  lab_slug === null ? kind : `${kind}:${lab_slug}`;
