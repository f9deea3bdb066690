/** Who may have how many attempts under way, so that an endpoint that is slow or dead holds up nobody else (E4). */

export interface LaneLimits {
  /** Attempts under way in this process. */
  overall: number;
  /** The part of them that endpoints which are slow or fail share; they get none of the rest. */
  troubled: number;
  /** To an endpoint that answers quickly; less where many want lanes at once, so that no crowd can take them all. */
  perEndpoint: number;
  /** To an endpoint that has answered nothing yet; and the least that one which answers quickly has. */
  perNewEndpoint: number;
  /** To an endpoint whose latest answer was slow, or that is slow to give one. */
  perSlowEndpoint: number;
  /** To an endpoint whose last attempt failed. */
  perFailingEndpoint: number;
  /** An attempt that is under way for longer makes its endpoint slow, in milliseconds. */
  slowAfterMs: number;
}

/** Room for one attempt. */
export interface Lane {
  /** The attempt begins. */
  begin(): void;
  /** The receiver has answered, or has been given up. */
  answered(): void;
  giveBack(): void;
}

/** Counts attempts under way, endpoint by endpoint. */
export interface Lanes {
  /** Says who wants lanes now; they divide what there is. */
  divide(wanting: readonly { id: string; failing: boolean }[]): void;
  /** Takes every lane that is free for an endpoint. */
  take(endpointId: string, failing: boolean): Lane[];
  /** Lanes that an endpoint holds. */
  held(endpointId: string): number;
}

interface Endpoint {
  /** When each attempt began; infinitely late for one that has not yet. */
  lanes: Set<{ since: number }>;
  failing: boolean;
  pace: 'unknown' | 'quick' | 'slow';
}

/** @param now A clock, in milliseconds. */
export function createLanes(limits: LaneLimits, now: () => number = () => performance.now()): Lanes {
  const endpoints = new Map<string, Endpoint>();
  let share = limits.perEndpoint;

  function known(id: string): Endpoint {
    const endpoint: Endpoint = endpoints.get(id) ?? { lanes: new Set(), failing: false, pace: 'unknown' };
    endpoints.set(id, endpoint);
    return endpoint;
  }

  const isLate = ({ since }: { since: number }) => now() - since > limits.slowAfterMs;
  const isSlow = ({ pace, lanes }: Endpoint) => pace === 'slow' || [...lanes].some(isLate);

  function lanesOf(endpoint: Endpoint): number {
    if (endpoint.failing) return limits.perFailingEndpoint;
    if (isSlow(endpoint)) return limits.perSlowEndpoint;
    return endpoint.pace === 'quick' ? share : limits.perNewEndpoint;
  }

  /** What is free of each part. Endpoints that have just become slow may hold more than their part for a while. */
  function free(): { troubled: number; others: number } {
    let troubled = 0;
    let others = 0;
    for (const endpoint of endpoints.values()) {
      if (endpoint.failing || isSlow(endpoint)) troubled += endpoint.lanes.size;
      else others += endpoint.lanes.size;
    }
    return {
      troubled: Math.min(limits.troubled - troubled, limits.overall - troubled - others),
      others: limits.overall - Math.max(limits.troubled, troubled) - others,
    };
  }

  function newLane(endpoint: Endpoint): Lane {
    const lane = { since: Number.POSITIVE_INFINITY };
    endpoint.lanes.add(lane);
    return {
      begin() {
        lane.since = now();
      },
      answered() {
        endpoint.pace = isLate(lane) ? 'slow' : 'quick';
        lane.since = Number.POSITIVE_INFINITY;
      },
      giveBack() {
        endpoint.lanes.delete(lane);
      },
    };
  }

  return {
    divide(wanting) {
      const untroubled = wanting.filter(({ id, failing }) => !failing && !isSlow(known(id))).length;
      const fair = Math.floor((limits.overall - limits.troubled) / Math.max(1, untroubled));
      share = Math.min(limits.perEndpoint, Math.max(limits.perNewEndpoint, fair));
    },
    take(endpointId, failing) {
      const endpoint = known(endpointId);
      endpoint.failing = failing;
      const { troubled, others } = free();
      const inItsPart = failing || isSlow(endpoint) ? troubled : others;
      const count = Math.max(0, Math.min(lanesOf(endpoint) - endpoint.lanes.size, inItsPart));
      return Array.from({ length: count }, () => newLane(endpoint));
    },
    held: (endpointId) => endpoints.get(endpointId)?.lanes.size ?? 0,
  };
}
