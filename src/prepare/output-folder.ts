// Where a corpus may be put. Putting it in place removes the folder that was there, so that must be an older corpus and nothing
// else.

import { existsSync, readdirSync, statSync } from 'node:fs';
import { join, resolve, sep } from 'node:path';
import {
  isPreparedFile,
  keptSourcesName,
  manifestName,
  tokensName,
} from '../corpus/prepared/prepared-files.js';
import { UserError } from '../errors.js';
import { refuseExisting } from '../files/new-file.js';
import { readText } from '../files/regular-file.js';
import { isRecord } from '../objects.js';
import { oneLine } from '../quote.js';
import { manifestFormat } from './manifest.js';

/**
 * @param replace whether an older corpus may be replaced.
 * @throws UserError (usage) if `folder` exists and is no prepared corpus, or must not be replaced, or holds a source.
 */
export function checkOutput(folder: string, replace: boolean, sources: readonly string[]): void {
  if (!existsSync(folder) || isEmptyFolder(folder)) return;
  refuseExisting(folder, replace);
  const foreign = foreignPart(folder);
  if (foreign !== undefined)
    throw new UserError('output-exists', `${folder} ${foreign}, and is not replaced; name another folder`);
  const held = sources.find((source) => `${resolve(source)}${sep}`.startsWith(`${resolve(folder)}${sep}`));
  if (held !== undefined)
    throw new UserError(
      'output-exists',
      `${held} is in ${folder}, which would be replaced; name another folder`,
    );
}

function isEmptyFolder(path: string): boolean {
  return statSync(path).isDirectory() && readdirSync(path).length === 0;
}

/** What shows that a folder is not only a prepared corpus, as the rest of a sentence. */
function foreignPart(folder: string): string | undefined {
  if (!statSync(folder).isDirectory()) return 'is a file';
  if (!isManifest(join(folder, manifestName))) return 'is not a prepared corpus';
  const other = filesIn(folder).find((name) => name !== keptSourcesName && !isPreparedFile(name));
  return other === undefined ? undefined : `also holds ${oneLine(other, 40)}`;
}

/** With those in the folder of tokens. */
function filesIn(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) =>
    entry.name === tokensName && entry.isDirectory()
      ? readdirSync(join(folder, tokensName)).map((name) => `${tokensName}/${name}`)
      : entry.name,
  );
}

const mostManifestBytes = 2 ** 28;

function isManifest(path: string): boolean {
  try {
    const manifest: unknown = JSON.parse(readText(path, mostManifestBytes));
    return isRecord(manifest) && manifest.format === manifestFormat;
  } catch {
    return false;
  }
}
