/** The demo’s story: a panel is ordered, its lab loses two results, a redraw brings them. All of it through the SDK. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Junction, type JunctionClient } from '@junction-api/sdk';
import { expect, type Moment, NotAsExpected, Orders } from './heard-orders.ts';
import { type Lab, loseResults, simulate } from './lab-reports.ts';
import { watchMail } from './mail.ts';
import { type NewsSource, newsByAsking, newsByWebhook } from './news.ts';
import type { Venule } from './venule.ts';

/** The demo’s patient. */
export const PATIENT = {
  firstName: 'Robin',
  lastName: 'Sample',
  dob: '1986-04-12',
  gender: Junction.Gender.Female,
  phoneNumber: '+16025550142',
  email: 'robin.sample@example.com',
};
/** Where the patient lives. */
export const ADDRESS = {
  firstLine: '1 East Washington Street',
  city: 'Phoenix',
  state: 'AZ',
  zip: '85004',
  country: 'US',
};

const LOST_RESULTS = 2;

/** One line of the combined result. */
export interface ResultRow {
  marker: string;
  value: string;
  unit: string;
  range: string;
  flag: string;
  /** Whose sample it was found in. */
  sample: 'initial' | 'redraw';
}

/** How the journey went, when it went as expected. */
export interface JourneyReport {
  panel: string;
  lab: string;
  transaction: { id: string; status: string };
  orders: { id: string; origin: string; status: string }[];
  /** What the first sample lacked. */
  lost: { marker: string; reason: string }[];
  results: ResultRow[];
  missing: string[];
  /** Paths of PDFs, by what they are. */
  documents: Record<string, string>;
}

/**
 * Walks the journey and tells of each moment as it comes.
 *
 * @throws NotAsExpected when Venule does anything else than it should; whatever the SDK throws
 */
export async function walkJourney(
  venule: Venule,
  client: JunctionClient,
  lab: Lab,
  tell: (moment: Moment) => void,
): Promise<JourneyReport> {
  const did = (what: string, note: string) => tell({ at: new Date(), who: 'demo', what, note });
  const panel = await wellnessPanel(client, lab);
  const user = await client.user.create({ clientUserId: `demo-${Date.now()}` });
  did('creates a user', user.userId);

  const orders = new Orders(tell);
  const news = await listen(venule, user, orders);
  const stopMail = venule.mail === null ? undefined : watchMail(venule.mail, (id) => orders.knows(id), tell);
  try {
    did('listens', news.name);
    did('places an order', `${panel.name} at ${panel.lab}: ${panel.markers.length} markers, walk-in`);
    const { order: placed } = await client.labTests.createOrder({
      idempotencyKey: `demo-${user.userId}`,
      userId: user.userId,
      orderSet: { labTestIds: [panel.id] },
      collectionMethod: Junction.LabTestCollectionMethod.WalkInTest,
      patientDetails: PATIENT,
      patientAddress: ADDRESS,
    });

    await orders.reaches(placed.id, 'requisition_created');
    const wanted = panel.results.filter(({ alone }) => alone).slice(0, LOST_RESULTS);
    expect(wanted.length === LOST_RESULTS, `The panel has fewer than ${LOST_RESULTS} markers of one result`);
    did(
      'tells the lab to report',
      venule.sandboxLab ? `all but ${wanted.map(({ name }) => name).join(' and ')}` : 'incompletely',
    );
    await loseResults(venule, client, { id: placed.id, lab }, wanted);

    const initial = await orders.reaches(placed.id, 'redraw_available');
    const listed = initial.order_transaction.orders.map(({ origin }) => origin);
    expect(
      listed.join() === 'initial,redraw',
      `The transaction lists ${listed.join(', ')} when the redraw is available`,
    );
    const first = await client.labTests.getResultRaw({ orderId: placed.id });
    const lost = (first.missingResults ?? []).map((each) => ({ marker: each.name, reason: each.inferredFailureType }));
    if (venule.sandboxLab) {
      const names = (markers: { slug: string }[]) =>
        markers
          .map(({ slug }) => slug)
          .sort()
          .join(', ');
      const missing = first.missingResults ?? [];
      expect(names(missing) === names(wanted), `Missing should be ${names(wanted)}; it is ${names(missing)}`);
    }
    did(
      'reads what was lost',
      lost.length > 3 ? `${lost.length} results` : lost.map(({ marker, reason }) => `${marker} (${reason})`).join(', '),
    );

    const redrawId = initial.order_transaction.orders.at(-1)?.id as string;
    await orders.reaches(redrawId, 'requisition_created');
    did('tells the lab to report', 'everything, for the redraw');
    await simulate(client, redrawId, {});
    await orders.reaches(redrawId, 'completed');

    const transactionId = initial.order_transaction.id;
    const transaction = await client.orderTransaction.getTransaction({ transactionId });
    expect(transaction.status === 'completed', `The order transaction is ${transaction.status}, not completed`);
    const combined = await client.orderTransaction.getTransactionResult({ transactionId });
    const missing = (combined.missingResults ?? []).map(({ name }) => name);
    expect(missing.length === 0, `Still missing after the redraw: ${missing.join(', ')}`);
    const again = await client.labTests.getResultRaw({ orderId: redrawId });
    const results = rowsOf(combined, again.metadata.specimenNumber);
    expect(
      results.length === panel.results.length,
      `The combined result has ${results.length} of ${panel.results.length} results`,
    );
    const redrawn = results.filter(({ sample }) => sample === 'redraw').length;
    expect(redrawn === lost.length, `${redrawn} results come from the redraw’s sample; ${lost.length} were lost`);

    const folder = join(venule.dataDir, 'demo', transactionId);
    mkdirSync(folder, { recursive: true });
    const documents = {
      requisition: await save(client.labTests.getOrderRequistionPdf({ orderId: placed.id }), folder, 'requisition'),
      redraw_requisition: await save(
        client.labTests.getOrderRequistionPdf({ orderId: redrawId }),
        folder,
        'redraw-requisition',
      ),
      result: await save(client.labTests.getResultPdf({ orderId: placed.id }), folder, 'result'),
      combined_result: await save(
        client.orderTransaction.getTransactionResultPdf({ transactionId }),
        folder,
        'combined-result',
      ),
    };
    await stopMail?.(2);
    return {
      panel: panel.name,
      lab: panel.lab,
      transaction: { id: transactionId, status: transaction.status },
      orders: (transaction.orders ?? []).map(({ id, origin, lastStatus }) => ({
        id,
        origin: origin ?? '',
        status: lastStatus,
      })),
      lost,
      results,
      missing,
      documents,
    };
  } finally {
    await stopMail?.(0);
    await news.stop();
  }
}

export interface Panel {
  id: string;
  name: string;
  lab: string;
  markers: { name: string }[];
  /** Every result it yields; `alone` where its marker yields no other. */
  results: { name: string; slug: string; loinc: string; alone: boolean }[];
}

async function wellnessPanel(client: JunctionClient, labSlug: Lab): Promise<Panel> {
  const tests = await client.labTests.get({
    labSlug,
    collectionMethod: Junction.LabTestCollectionMethod.WalkInTest,
    name: 'wellness',
  });
  const [test] = tests.filter(({ markers }) => (markers?.length ?? 0) >= 8);
  if (!test) throw new NotAsExpected(`${labSlug} offers no walk-in wellness panel of eight markers or more`);
  const { markers } = await client.labTests.getMarkersForLabTest({ labTestId: test.id, size: 100 });
  const results = markers.flatMap(({ expectedResults = [] }) =>
    expectedResults.map(({ name, slug, loinc }) => ({
      name,
      slug,
      loinc: loinc?.code ?? '',
      alone: expectedResults.length === 1,
    })),
  );
  return { id: test.id, name: test.name, lab: test.lab?.name ?? labSlug, markers, results };
}

/** Hears of the user’s orders: by webhook, or by asking where no webhook can be had. */
export function listen(
  venule: Venule,
  user: { userId: string; teamId: string },
  orders: Orders,
): Promise<NewsSource> | NewsSource {
  const { managementKey } = venule;
  if (managementKey === null) return newsByAsking(venule, user.userId, (news) => orders.hear(news));
  return newsByWebhook(
    { ...venule, managementKey },
    user,
    (news) => orders.hear(news),
    (why) => orders.fail(new NotAsExpected(`A webhook came with a wrong signature: ${why}`)),
  );
}

/** The rows of a result, of which those of `redrawSample` come from the redraw. */
export function rowsOf({ results }: Junction.LabResultsRaw, redrawSample: string): ResultRow[] {
  expect(Array.isArray(results), 'The combined result is not a list');
  return (results as Junction.BiomarkerResult[]).map((result) => ({
    marker: result.name,
    value: result.result,
    unit: result.unit ?? '',
    range: result.referenceRange ?? '',
    flag: result.isAboveMaxRange ? 'high' : result.isBelowMinRange ? 'low' : '',
    sample: result.sourceSampleId === redrawSample ? 'redraw' : 'initial',
  }));
}

/** Saves a PDF in the folder, and answers with its path. @throws NotAsExpected when it is none */
export async function save(
  answer: Promise<{ arrayBuffer(): Promise<ArrayBuffer> }>,
  folder: string,
  name: string,
): Promise<string> {
  const content = Buffer.from(await (await answer).arrayBuffer());
  expect(content.subarray(0, 5).toString() === '%PDF-', `${name} is not a PDF`);
  const path = join(folder, `${name}.pdf`);
  writeFileSync(path, content);
  return path;
}
