/** A laboratory's SFTP server: real SSH, with the files of a folder on this machine. */
import { createHash, generateKeyPairSync } from 'node:crypto';
import fs from 'node:fs/promises';
import path from 'node:path';
import ssh2 from 'ssh2';
import type { SftpServer } from '../../../domain/catalogue/lab-connection.ts';

const { STATUS_CODE, OPEN_MODE } = ssh2.utils.sftp;

/** A server that listens. */
export interface TestSftpServer {
  /** As a connection has it. */
  server: SftpServer;
  /** The folder that is its root. */
  root: string;
  /** What it does wrong, by a part of the path. */
  faults: SftpFaults;
  /** Every path that was listed, and every one that was opened to be read. */
  listed: string[];
  read: string[];
  close(): Promise<void>;
}

interface SftpFaults {
  /** Cannot be opened. */
  unreadable: Set<string>;
  /** Is opened, and never answers what is asked of it. */
  hanging: Set<string>;
  /** Cannot be renamed from, or to. */
  fixed: Set<string>;
}

export async function startSftpServer(root: string): Promise<TestSftpServer> {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const hostKey = privateKey.export({ type: 'pkcs1', format: 'pem' }) as string;
  const parsed = ssh2.utils.parseKey(hostKey);
  if (parsed instanceof Error) throw parsed;
  const fingerprint = createHash('sha256')
    .update([parsed].flat()[0]?.getPublicSSH() ?? '')
    .digest('base64');
  const open = new Set<ssh2.Connection>();
  const faults = { unreadable: new Set<string>(), hanging: new Set<string>(), fixed: new Set<string>() };
  const of = { root, faults, listed: [] as string[], read: [] as string[] };
  const server = new ssh2.Server({ hostKeys: [hostKey] }, (client) => {
    open.add(client);
    // Its types do not name it.
    (client as ssh2.Connection & { setNoDelay(isOn: boolean): void }).setNoDelay(true);
    client.on('error', () => undefined);
    client.on('close', () => open.delete(client));
    client.on('authentication', (attempt) => {
      if (attempt.method === 'password' && attempt.username === 'venule' && attempt.password === 'outward')
        attempt.accept();
      else attempt.reject(['password']);
    });
    client.on('session', (accept) => accept().on('sftp', (acceptSftp) => serve(acceptSftp(), of)));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  const ours = { host: '127.0.0.1', port, user: 'venule', password: 'outward', private_key: null };
  return {
    server: { ...ours, host_key: fingerprint.replace(/=+$/, '') },
    ...of,
    async close() {
      for (const client of open) client.end();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

/** What the client library asks of a server, on real files. */
function serve(sftp: ssh2.SFTPWrapper, { root, faults, listed, read }: Omit<TestSftpServer, 'server' | 'close'>): void {
  const has = (fault: keyof SftpFaults, name: string) => [...faults[fault]].some((part) => name.includes(part));
  const handles = new Map<number, { file?: fs.FileHandle; list?: string[]; folder?: string; isHanging?: boolean }>();
  let next = 0;
  const at = (name: string) => path.join(root, path.posix.normalize(`/${name}`));
  const handleOf = (entry: { file?: fs.FileHandle; list?: string[]; folder?: string; isHanging?: boolean }) => {
    next += 1;
    handles.set(next, entry);
    const handle = Buffer.alloc(4);
    handle.writeUInt32BE(next);
    return handle;
  };
  const of = (handle: Buffer) => handles.get(handle.readUInt32BE()) ?? {};
  const answer = (request: number, work: () => Promise<unknown>) => {
    work().then(
      (isAnswered) => isAnswered !== true && sftp.status(request, STATUS_CODE.OK),
      (error: NodeJS.ErrnoException) =>
        sftp.status(request, error.code === 'ENOENT' ? STATUS_CODE.NO_SUCH_FILE : STATUS_CODE.FAILURE),
    );
  };
  const attributes = async (name: string): Promise<ssh2.Attributes> => {
    const { mode, uid, gid, size, atimeMs, mtimeMs } = await fs.stat(name);
    return { mode, uid, gid, size, atime: Math.floor(atimeMs / 1000), mtime: Math.floor(mtimeMs / 1000) };
  };
  const statOf = (request: number, name: string) =>
    answer(request, async () => {
      sftp.attrs(request, await attributes(at(name)));
      return true;
    });

  // A client that died has closed nothing.
  sftp.on('close', () => {
    for (const { file } of handles.values()) void file?.close();
    handles.clear();
  });
  sftp.on('OPEN', (request, name, flags) =>
    answer(request, async () => {
      const isWritten = Boolean(flags & OPEN_MODE.WRITE);
      if (!isWritten && has('unreadable', name)) throw new Error('denied');
      if (!isWritten) read.push(name);
      const file = await fs.open(at(name), isWritten ? 'w' : 'r');
      sftp.handle(request, handleOf({ file, isHanging: has('hanging', name) }));
      return true;
    }),
  );
  sftp.on('READ', (request, handle, offset, length) =>
    answer(request, async () => {
      if (of(handle).isHanging) return true;
      const { bytesRead, buffer } = await (of(handle).file as fs.FileHandle).read(
        Buffer.alloc(length),
        0,
        length,
        offset,
      );
      if (bytesRead === 0) sftp.status(request, STATUS_CODE.EOF);
      else sftp.data(request, buffer.subarray(0, bytesRead));
      return true;
    }),
  );
  sftp.on('WRITE', (request, handle, offset, data) =>
    answer(request, () => (of(handle).file as fs.FileHandle).write(data, 0, data.length, offset)),
  );
  sftp.on('FSTAT', (request, handle) =>
    answer(request, async () => {
      const { size, mode, uid, gid } = await (of(handle).file as fs.FileHandle).stat();
      sftp.attrs(request, { size, mode, uid, gid, atime: 0, mtime: 0 });
      return true;
    }),
  );
  sftp.on('FSETSTAT', (request) => sftp.status(request, STATUS_CODE.OK));
  sftp.on('CLOSE', (request, handle) =>
    answer(request, async () => {
      await of(handle).file?.close();
      handles.delete(handle.readUInt32BE());
    }),
  );
  sftp.on('OPENDIR', (request, name) =>
    answer(request, async () => {
      if (has('hanging', name)) return true;
      listed.push(name);
      sftp.handle(request, handleOf({ list: await fs.readdir(at(name)), folder: at(name) }));
      return true;
    }),
  );
  sftp.on('READDIR', (request, handle) =>
    answer(request, async () => {
      const { list = [], folder = '' } = of(handle);
      if (list.length === 0) {
        sftp.status(request, STATUS_CODE.EOF);
        return true;
      }
      const names = list.splice(0, list.length);
      const entries = await Promise.all(
        names.map(async (filename) => {
          const attrs = await attributes(path.join(folder, filename));
          const kind = (await fs.stat(path.join(folder, filename))).isDirectory() ? 'd' : '-';
          return { filename, longname: `${kind}rw-r--r-- 1 venule lab ${attrs.size} Jan 1 00:00 ${filename}`, attrs };
        }),
      );
      sftp.name(request, entries);
      return true;
    }),
  );
  sftp.on('STAT', statOf);
  sftp.on('LSTAT', statOf);
  sftp.on('REALPATH', (request, name) => {
    const resolved = path.posix.resolve('/', name);
    sftp.name(request, [{ filename: resolved, longname: resolved, attrs: {} as ssh2.Attributes }]);
  });
  sftp.on('REMOVE', (request, name) => answer(request, () => fs.unlink(at(name))));
  sftp.on('RENAME', (request, from, to) =>
    answer(request, async () => {
      if (has('fixed', from) || has('fixed', to)) throw new Error('denied');
      // As the protocol says: what is there is not written over.
      if (await fs.stat(at(to)).catch(() => null)) throw new Error('exists');
      await fs.rename(at(from), at(to));
    }),
  );
}
