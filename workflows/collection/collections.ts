/** Which method is collected how. The only place that says so. */
import type { CollectionMethod } from '../../domain/orders/status.ts';
import type { JourneyContext } from '../journey/context.ts';
import { AtHome } from './at-home.ts';
import type { Collection, CollectionMemory } from './collection.ts';
import { NotYetServed } from './not-yet-served.ts';
import { OnSite } from './on-site.ts';
import { WalkIn } from './walk-in.ts';

/** @param memory Empty unless the journey continued as new or was started again. */
type StartCollection = new (journey: JourneyContext, memory: CollectionMemory) => Collection;

export const COLLECTIONS: Record<CollectionMethod, StartCollection> = {
  walk_in_test: WalkIn,
  at_home_phlebotomy: AtHome,
  on_site_collection: OnSite,
  testkit: NotYetServed,
};
