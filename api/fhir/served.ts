/** Where each resource comes from: which orders or users are walked through for a search, and what is made of each. */
import type { Resource } from '@medplum/fhirtypes';
import type { Model, QueryFilter } from 'mongoose';
import { resultId } from '../../domain/ids.ts';
import type { PatientDetails } from '../../domain/orders/order.ts';
import { isOurNumber } from '../../domain/orders/placer-order-number.ts';
import { LOW_LEVEL_STATUSES } from '../../domain/orders/status.ts';
import { appointmentsOf } from '../../store/appointments/read-appointments.ts';
import type { TeamDocument, UserDocument } from '../../store/collections/access.ts';
import type { OrderDocument, ResultDocument } from '../../store/collections/orders.ts';
import type { Store } from '../../store/open.ts';
import { ORDER_INDEXES } from '../../store/orders/lists/order-pages.ts';
import { newestOrderOf } from '../../store/orders/read-orders.ts';
import { type WalkPosition, type Way, walkOn } from '../../store/walk.ts';
import { appointment } from '../../wire/fhir/appointment.ts';
import { diagnosticReport } from '../../wire/fhir/diagnostic-report.ts';
import { observations } from '../../wire/fhir/observation.ts';
import { patient } from '../../wire/fhir/patient.ts';
import { type OrderFacts, requestStatus, serviceRequest } from '../../wire/fhir/service-request.ts';
import { specimens } from '../../wire/fhir/specimen.ts';
import { orderIdIn } from '../../wire/fhir/systems.ts';
import type { ApiDeps } from '../deps.ts';
import type { ServedType } from './search-parameters.ts';
import type { Condition } from './search-request.ts';

/** What resources are made with. */
export type FhirDeps = Pick<ApiDeps, 'store' | 'catalogue' | 'journeys' | 'logger'> & {
  config: Pick<ApiDeps['config'], 'publicUrl'>;
};

/** What every walk is through. */
export type Walked = { _id: string; created_at: Date; updated_at: Date };

/** A walk that a search asked for. */
export interface Walk {
  field: Way<Walked>['field'];
  /** The next documents after a position. */
  next(after: WalkPosition | null, limit: number): Promise<Walked[]>;
}

/** Where resources of a type come from. */
export interface Source {
  walk(store: Store, team: TeamDocument, conditions: readonly Condition[]): Promise<Walk>;
  /** The resources that one document of a walk makes. */
  project(deps: FhirDeps, document: Walked, team: TeamDocument): Promise<Resource[]>;
}

interface SourceOf<T extends Walked> {
  model(store: Store): Model<T>;
  way(store: Store, team: TeamDocument, conditions: readonly Condition[]): Promise<Way<T>>;
  project(deps: FhirDeps, document: T, team: TeamDocument): Promise<Resource[]>;
}

const source = <T extends Walked>({ model, way, project }: SourceOf<T>): Source => ({
  async walk(store, team, conditions) {
    const chosen = await way(store, team, conditions);
    return { field: chosen.field, next: (after, limit) => walkOn(model(store), chosen, after, limit) };
  },
  project: (deps, document, team) => project(deps, document as T, team),
});

const valuesOf = (conditions: readonly Condition[], ...names: string[]): string[] | undefined => {
  const [condition] = conditions.filter(({ parameter }) => names.includes(parameter.name));
  return condition?.tokens.map(({ code }) => code.slice(code.lastIndexOf('/') + 1));
};

/**
 * The way to a team's orders that leads past the fewest others. What it does not ask for is looked at order by order, so
 * that a search costs no more than the orders it walks past, which a page limits.
 */
function orderWay(
  type: ServedType,
  { _id: team_id }: TeamDocument,
  conditions: readonly Condition[],
): Way<OrderDocument> {
  const of = (...names: string[]) => valuesOf(conditions, ...names);
  const isOfOrder = type === 'ServiceRequest' || type === 'DiagnosticReport';
  const few = (filter: QueryFilter<OrderDocument>): Way<OrderDocument> => ({
    filter: { team_id, ...filter },
    field: 'created_at',
    direction: 1,
  });
  const ids = of('_id', 'based-on')?.map(orderIdIn);
  if (ids) return few({ _id: { $in: ids } });
  const numbers = isOfOrder ? of('identifier') : undefined;
  if (numbers?.every(isOurNumber)) return few({ placer_order_number: { $in: numbers } });
  const transactions = of('requisition');
  if (transactions) return few({ transaction_id: { $in: transactions } });
  const users = of('patient', 'subject');
  if (users) {
    const filter = { team_id, user_id: { $in: users } };
    return { filter, field: 'created_at', direction: -1, hint: ORDER_INDEXES.user };
  }
  const since = changed(conditions);
  const statuses = type === 'ServiceRequest' && !since ? of('status') : undefined;
  if (statuses) {
    const last_status = {
      $in: LOW_LEVEL_STATUSES.filter((low) => statuses.includes(requestStatus('walk_in_test', low))),
    };
    return { filter: { team_id, last_status }, field: 'created_at', direction: 1, hint: ORDER_INDEXES.status };
  }
  return { filter: { team_id, ...since }, field: 'updated_at', direction: 1, hint: ORDER_INDEXES.updated };
}

/** The earliest and the latest change that is asked for; undefined where none is. */
function changed(conditions: readonly Condition[]): { updated_at: { $gte?: Date; $lt?: Date } } | undefined {
  const spans = conditions.filter(({ parameter }) => parameter.name === '_lastUpdated').map(({ spans }) => spans);
  if (spans.length === 0) return undefined;
  const from = Math.max(...spans.map((any) => Math.min(...any.map((span) => span.from))));
  const until = Math.min(...spans.map((any) => Math.max(...any.map((span) => span.until))));
  const isDate = (at: number) => Math.abs(at) <= 8.64e15;
  return {
    updated_at: { ...(isDate(from) && { $gte: new Date(from) }), ...(isDate(until) && { $lt: new Date(until) }) },
  };
}

const orderSource = (type: ServedType, project: SourceOf<OrderDocument>['project']): SourceOf<OrderDocument> => ({
  model: (store) => store.orders,
  way: async (_store, team, conditions) => orderWay(type, team, conditions),
  project,
});

async function factsOf({ catalogue }: FhirDeps, document: OrderDocument): Promise<OrderFacts> {
  const { order } = document;
  await catalogue.know([order.lab_test_id]);
  const laboratory = catalogue.laboratories.get(order.lab_id);
  const labTest = catalogue.labTests.get(order.lab_test_id);
  if (!laboratory || !labTest) throw new Error(`Laboratory or lab test of order ${order.id} is not in the catalog`);
  const markers = order.markers.flatMap(({ marker_id }) => catalogue.markers.get(marker_id) ?? []);
  return { held: document, laboratory, labTest, markers };
}

async function resultOf({ store }: FhirDeps, { _id, result_version }: OrderDocument) {
  if (result_version === 0) return null;
  const held = await store.results.findById(resultId(_id, result_version)).lean<ResultDocument>();
  return held?.result ?? null;
}

const userSource: SourceOf<UserDocument> = {
  model: (store) => store.users,
  async way(_store, { _id: team_id }, conditions) {
    const ids = valuesOf(conditions, '_id');
    const [numbers] = conditions.filter(({ parameter }) => parameter.name === 'identifier');
    const filter = {
      team_id,
      ...(ids && { _id: { $in: ids } }),
      ...(numbers && { client_user_id: { $in: numbers.tokens.map(({ code }) => code) } }),
    };
    return { filter, field: 'created_at', direction: 1 };
  },
  /** As on the newest order; before there is one, as the user's demographics have it. */
  async project({ store }, user, team) {
    const newest = await newestOrderOf(store, team._id, user._id);
    const details = newest?.order.patient ?? (user.info as PatientDetails | null);
    const address =
      newest?.order.address ?? (user.info?.address as OrderDocument['order']['address'] | undefined) ?? null;
    const changedAt = newest && newest.created_at > user.updated_at ? newest.created_at : user.updated_at;
    const facts = { id: user._id, client_user_id: user.client_user_id, sandbox: team.environment === 'sandbox' };
    return [patient({ ...facts, updated_at: changedAt, details, address })];
  },
};

/** Appointments are found by their orders, which change whenever they do. */
const appointmentSource: SourceOf<OrderDocument> = {
  ...orderSource('Appointment', async ({ store }, { _id, order, appointment_id, updated_at }) => {
    if (appointment_id === null) return [];
    const { sandbox } = order.options;
    const held = await appointmentsOf(store, _id);
    return held.map(({ _id: id, ...rest }) => appointment({ id, ...rest }, { updated_at, sandbox }));
  }),
  async way(store, team, conditions) {
    const ids = valuesOf(conditions, '_id');
    if (!ids) return orderWay('Appointment', team, conditions);
    const held = await store.appointments
      .find({ _id: { $in: ids }, team_id: team._id })
      .select({ order_id: 1 })
      .lean();
    const orders = held.map(({ order_id }) => order_id);
    return { filter: { team_id: team._id, _id: { $in: orders } }, field: 'created_at', direction: 1 };
  },
};

const ofOrders = (...given: Parameters<typeof orderSource>): Source => source(orderSource(...given));

/** By resource. */
export const SOURCES: Readonly<Record<ServedType, Source>> = {
  ServiceRequest: ofOrders('ServiceRequest', async (deps, order) => [serviceRequest(await factsOf(deps, order))]),
  DiagnosticReport: ofOrders('DiagnosticReport', async (deps, order) => {
    const [facts, result] = await Promise.all([factsOf(deps, order), resultOf(deps, order)]);
    return [diagnosticReport(facts, result, deps.config.publicUrl)];
  }),
  Observation: ofOrders('Observation', async (deps, order) => {
    const result = await resultOf(deps, order);
    return result ? observations(await factsOf(deps, order), result) : [];
  }),
  Specimen: ofOrders('Specimen', async (deps, order) => {
    const result = await resultOf(deps, order);
    return result ? specimens(await factsOf(deps, order), result) : [];
  }),
  Patient: source(userSource),
  Appointment: source(appointmentSource),
};
