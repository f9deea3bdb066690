/** What operators are told, and who is at it. */
import type { Connection } from 'mongoose';
import type { Matter } from '../../domain/alerts.ts';
import { count, date, dateOrNull, define, text, textOrNull, whole } from './define.ts';

/** A matter that operators have been told of, or will be; it goes when they have been told that it is over. */
export interface MatterDocument extends Matter {
  /** As `matterKey` makes it. */
  _id: string;
  began_at: Date;
  /** When a mail said so; null while none has. */
  told_at: Date | null;
  /** Since when it has not been found any more; null while it is. */
  gone_since: Date | null;
}

/** Work that one process does for all. */
export interface LeaseDocument {
  /** The name of the work. */
  _id: string;
  /** Nobody else does it until then. */
  until: Date;
  /** Who took it, by a name that no other take has; absent where an earlier version did. */
  owner?: string;
}

/** A laboratory's SFTP server from which something could not be picked up in the last round. */
export interface PickUpTroubleDocument {
  /** `<lab slug>:<environment>`. */
  _id: string;
  lab_slug: string;
  /** Since when every round has had trouble. */
  since: Date;
  /** How many files were not taken; 0 where the server could not be used at all. */
  files: number;
}

/** The models of these collections. */
export const alertsCollections = (connection: Connection) => ({
  matters: define<MatterDocument>(connection, 'operator_matters', {
    _id: text,
    kind: text,
    lab_slug: textOrNull,
    count,
    since: date,
    ids: whole,
    began_at: date,
    told_at: dateOrNull,
    gone_since: dateOrNull,
  }),
  leases: define<LeaseDocument>(connection, 'leases', { _id: text, until: date, owner: { type: String } }),
  pickUpTroubles: define<PickUpTroubleDocument>(
    connection,
    'pick_up_troubles',
    { _id: text, lab_slug: text, since: date, files: count },
    [[{ since: 1 }]],
  ),
});
