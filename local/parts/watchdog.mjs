/**
 * Ends the processes that its parent started when the parent is gone, however it went. The parent writes
 * `watch <pid>` and `forget <pid>`; the end of that stream is the end of the parent.
 */
import { createInterface } from 'node:readline';

const watched = new Set();

function signal(name) {
  for (const pid of watched) {
    try {
      process.kill(pid, name);
    } catch {
      watched.delete(pid);
    }
  }
}

for (const ignored of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(ignored, () => {});

createInterface({ input: process.stdin })
  .on('line', (line) => {
    const [verb, pid] = line.split(' ');
    if (verb === 'watch') watched.add(Number(pid));
    if (verb === 'forget') watched.delete(Number(pid));
  })
  .on('close', () => {
    signal('SIGTERM');
    setTimeout(() => signal('SIGKILL'), 5_000);
    setInterval(() => {
      signal(0);
      if (watched.size === 0) process.exit();
    }, 100);
  });
