/** Who receives, and laboratories that give messages to them without a pause. */
import { randomBytes } from 'node:crypto';
import { mkdir, readdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import getPort from 'get-port';
import type { LabConnection } from '../../../domain/catalogue/lab-connection.ts';
import { collectionOf } from '../../../store/collections/define.ts';
import { hashOfPassword, setLabConnection } from '../../../store/connections/lab-connections.ts';
import type { Store } from '../../../store/open.ts';
import { startSftpServer } from '../../support/partners/sftp-server.ts';
import type { Chance } from '../random.ts';
import { type Acknowledged, overHttp, overMllp, sendUntilAcknowledged } from './laboratories.ts';
import { type Message, writeMessage } from './messages.ts';
import { faultsInFolders, filesOf } from './oracle.ts';

/** `api` is sent to over HTTP and MLLP at once; `sftp` is the worker's rounds on SFTP servers. */
export const RECEIVERS = ['api', 'sftp'] as const;
export type Receiver = (typeof RECEIVERS)[number];

/** A receiver, with laboratories that send to it until they are told to stop. */
export interface UnderLoad {
  /** What receives, from the root of the repository, and what it is told. */
  script: string;
  env: NodeJS.ProcessEnv;
  /** How many messages have been acknowledged, by transport. */
  acknowledged(): Record<string, number>;
  /** Begins to send. Resolves when `stop` was called and all that was sent is acknowledged; rejects when that cannot be. */
  send(): Promise<Acknowledged[]>;
  stop(): void;
  /** What the time after a death would do. */
  afterKill(): Promise<void>;
  /** How long what was acknowledged may take to be there whole, in milliseconds. */
  settledWithin: number;
  /** What is wrong, its messages in the database aside. */
  faults(sent: readonly Message[]): Promise<string[]>;
  /** Where files end that were taken in; null where there are none. */
  archive: string | null;
  close(): Promise<void>;
}

const LAB = 'labcorp';
/** Connections of each transport. */
const LANES = 3;
/** Files that wait at a time. */
const WAITING_FILES = 8;
/** How long all that was acknowledged may take to be read, in milliseconds. */
const READ_WITHIN = 60_000;
/** How long all files may take to be taken in, in milliseconds. */
const TAKEN_WITHIN = 120_000;

/** @param dataDir An empty folder for what it keeps. */
export function underLoad(
  receiver: Receiver,
  { store, chance, dataDir }: { store: Store; chance: Chance; dataDir: string },
): Promise<UnderLoad> {
  return receiver === 'sftp' ? sftpUnderLoad(store, chance, dataDir) : apiUnderLoad(store, chance);
}

async function apiUnderLoad(store: Store, chance: Chance): Promise<UnderLoad> {
  const password = randomBytes(9).toString('base64url');
  await connect(store, {
    http: { user: 'river', password_hash: hashOfPassword(password) },
    mllp: { addresses: ['127.0.0.1'], certificate: null },
  });
  const [port, mllpPort] = [await lowPort(chance), await lowPort(chance)];
  const lines = {
    http: () => overHttp(`http://127.0.0.1:${port}/partners/labs/${LAB}/hl7`, 'river', password),
    mllp: () => overMllp(mllpPort),
  };
  const done: Record<keyof typeof lines, Acknowledged[]> = { http: [], mllp: [] };
  let stopped = false;
  let written = 0;
  const laboratory = async (transport: keyof typeof lines) => {
    const line = lines[transport]();
    while (!stopped) {
      written += 1;
      done[transport].push(await sendUntilAcknowledged(line, writeMessage(chance, transport, written)));
    }
    line.close();
  };
  return {
    script: 'test/kills/receivers/api-and-reader.ts',
    env: { PORT: String(port), VENULE_MLLP_PORT: String(mllpPort) },
    acknowledged: () => ({ http: done.http.length, mllp: done.mllp.length }),
    async send() {
      const lanes = Array.from({ length: LANES }, () => (['http', 'mllp'] as const).map(laboratory));
      await Promise.all(lanes.flat());
      return [...done.http, ...done.mllp];
    },
    stop() {
      stopped = true;
    },
    afterKill: () => endLeases(store),
    settledWithin: READ_WITHIN,
    faults: async () => [],
    archive: null,
    close: async () => undefined,
  };
}

/** Files are left for the worker; one that is in the archive is acknowledged. */
async function sftpUnderLoad(store: Store, chance: Chance, dataDir: string): Promise<UnderLoad> {
  const root = join(dataDir, 'laboratory');
  const [folder, archive] = [join(root, 'results'), join(root, 'results', 'done')];
  await mkdir(archive, { recursive: true });
  const { server, close } = await startSftpServer(root);
  await connect(store, { sftp: { server, folder: '/results', archive: '/results/done' } });
  const sent: Acknowledged[] = [];
  let stopped = false;
  let archived = 0;
  return {
    script: 'test/kills/receivers/sftp-worker.ts',
    env: {},
    acknowledged: () => ({ sftp: archived }),
    async send() {
      while (!stopped) {
        if ((await filesOf(folder)).length < WAITING_FILES) {
          const message = writeMessage(chance, 'sftp', sent.length + 1);
          await writeFile(join(folder, `.${message.control_id}`), message.raw);
          await rename(join(folder, `.${message.control_id}`), join(folder, `${message.control_id}.hl7`));
          sent.push({ message, sendings: 1 });
        } else {
          await pause(20);
        }
        archived = (await readdir(archive)).length;
      }
      return sent;
    },
    stop() {
      stopped = true;
    },
    afterKill: () => endLeases(store),
    settledWithin: TAKEN_WITHIN,
    faults: (messages) => faultsInFolders(folder, archive, messages),
    archive,
    close,
  };
}

async function endLeases(store: Store): Promise<void> {
  await collectionOf(store.leases).updateMany({}, { $set: { until: new Date(0) } });
}

async function connect(store: Store, ways: Partial<LabConnection>): Promise<void> {
  const orders = { kind: 'http', url: 'http://127.0.0.1:9', user: 'venule', password: 'outward' } as const;
  const none = { http: null, mllp: null, sftp: null };
  await setLabConnection(store, {
    lab_slug: LAB,
    environment: 'sandbox',
    orders,
    acknowledges: 'answer',
    ...none,
    ...ways,
  });
}

/**
 * A free port below those that outgoing connections are made from: while the receiver is dead, a laboratory that connects
 * again and again would sooner or later be given its port, and be connected to itself.
 */
function lowPort(chance: Chance): Promise<number> {
  return getPort({ host: '127.0.0.1', port: Array.from({ length: 20 }, () => chance.between(20_000, 29_999)) });
}
