// For tests: a PostgreSQL server from the system's packages, in a temporary folder, reached through a socket only.

import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';

/** Debian's packages; the newest version last. */
const versions = '/usr/lib/postgresql';

/** Where initdb and postgres are; null when they are not installed. */
export const postgresPrograms = programs();

function programs(): string | null {
  if (!existsSync(versions)) return null;
  const folders = readdirSync(versions).sort((one, other) => Number(one) - Number(other));
  const newest = folders
    .map((version) => join(versions, version, 'bin'))
    .findLast((folder) => existsSync(join(folder, 'initdb')));
  return newest ?? null;
}

/** The server refuses to run as root. Debian's package has made this user. */
function owner(): { readonly uid?: number; readonly gid?: number } {
  if (process.getuid?.() !== 0) return {};
  const id = (flag: string) => Number(execFileSync('id', [flag, 'postgres'], { encoding: 'utf8' }));
  return { uid: id('-u'), gid: id('-g') };
}

export interface PostgresServer {
  /** @param schema in which the tables are. @param user `postgres` needs no password, `guarded` has one. */
  address(schema: string, user?: string): string;
  query(sql: string): Promise<readonly Record<string, unknown>[]>;
  /** Ends the server at once, as a crash does. */
  crash(): Promise<void>;
  /** Starts it again after a crash. */
  start(): Promise<void>;
  stop(): Promise<void>;
}

/** @param programs the folder of initdb and postgres. */
export async function startPostgres(programs: string): Promise<PostgresServer> {
  // The user of the server must be able to enter the folder, and a socket's path must be short.
  const folder = mkdtempSync('/tmp/chatbot-postgres-');
  const identity = owner();
  if (identity.uid !== undefined && identity.gid !== undefined) chownSync(folder, identity.uid, identity.gid);
  const data = join(folder, 'data');
  execFileSync(
    join(programs, 'initdb'),
    ['-D', data, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--locale=C', '--no-sync'],
    {
      ...identity,
      cwd: folder,
      stdio: 'ignore',
    },
  );
  writeFileSync(join(data, 'pg_hba.conf'), 'local all guarded scram-sha-256\nlocal all all trust\n');
  let server: ChildProcess | undefined;
  const address = (schema: string, user = 'postgres') =>
    `postgres://${user}@/postgres?host=${folder}&options=-csearch_path%3D${schema}`;
  const query = async (text: string) => {
    const client = new pg.Client({ connectionString: address('public') });
    client.on('error', () => {});
    await client.connect();
    try {
      return (await client.query(text)).rows;
    } finally {
      await client.end();
    }
  };
  const ended = () =>
    new Promise<void>((resolve) => {
      if (server === undefined || server.exitCode !== null || server.signalCode !== null) resolve();
      else server.once('exit', () => resolve());
    });
  const start = async () => {
    const settings = [
      'listen_addresses=',
      'shared_buffers=16MB',
      'fsync=off',
      `unix_socket_directories=${folder}`,
    ];
    server = spawn(
      join(programs, 'postgres'),
      ['-D', data, ...settings.flatMap((setting) => ['-c', setting])],
      {
        ...identity,
        cwd: folder,
        stdio: ['ignore', 'ignore', 'pipe'],
      },
    );
    process.once('exit', () => server?.kill('SIGQUIT'));
    await ready(server);
  };
  await start();
  return {
    address,
    query,
    start,
    crash: async () => {
      server?.kill('SIGQUIT');
      await ended();
    },
    stop: async () => {
      server?.kill('SIGINT');
      await ended();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Until the server says that it accepts connections. */
function ready(server: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    let log = '';
    server.stderr?.setEncoding('utf8').on('data', (piece: string) => {
      log += piece;
      if (log.includes('ready to accept connections')) resolve();
    });
    server.once('exit', () => reject(new Error(`PostgreSQL does not start: ${log}`)));
    server.once('error', reject);
  });
}
