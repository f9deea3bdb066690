/** Who may have how many attempts under way, so that an endpoint that is slow or dead holds up nobody else. */

export interface LaneLimits {
  /** Attempts under way in this process; endpoints that fail may hold half of them together. */
  overall: number;
  /** To one endpoint. */
  perEndpoint: number;
  /** To an endpoint whose last attempt failed. */
  perFailingEndpoint: number;
}

/** Counts attempts under way, endpoint by endpoint. */
export interface Lanes {
  /** Takes every slot that is free for an endpoint and says how many these are. */
  take(endpointId: string, failing: boolean): number;
  giveBack(endpointId: string, slots: number): void;
  /** Slots that an endpoint holds. */
  held(endpointId: string): number;
}

export function createLanes({ overall, perEndpoint, perFailingEndpoint }: LaneLimits): Lanes {
  const lanes = new Map<string, { slots: number; failing: boolean }>();
  const total = (counts: (lane: { failing: boolean }) => boolean) =>
    [...lanes.values()].filter(counts).reduce((sum, { slots }) => sum + slots, 0);

  return {
    take(endpointId, failing) {
      const lane = { slots: lanes.get(endpointId)?.slots ?? 0, failing };
      lanes.set(endpointId, lane);
      const free = Math.min(
        (failing ? perFailingEndpoint : perEndpoint) - lane.slots,
        overall - total(() => true),
        failing ? overall / 2 - total((other) => other.failing) : overall,
      );
      const taken = Math.max(0, Math.floor(free));
      lane.slots += taken;
      if (lane.slots === 0) lanes.delete(endpointId);
      return taken;
    },
    giveBack(endpointId, slots) {
      const lane = lanes.get(endpointId);
      if (!lane) return;
      lane.slots -= slots;
      if (lane.slots <= 0) lanes.delete(endpointId);
    },
    held: (endpointId) => lanes.get(endpointId)?.slots ?? 0,
  };
}
