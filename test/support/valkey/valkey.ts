import { execFile } from 'node:child_process';
import { join } from 'node:path';

/** The program of a Valkey server, installed where it is missing. Fails with the reason where that cannot be done. */
export function valkeyServer(): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile('sh', [join(import.meta.dirname, 'setup.sh')], (error, stdout, stderr) => {
      if (error === null) resolve(stdout.trim());
      else reject(new Error(`Valkey cannot be installed: ${stderr}`, { cause: error }));
    });
  });
}
