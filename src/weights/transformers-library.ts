// Loads Transformers.js (@huggingface/transformers), an optional package that runs ONNX models in this process. Models are read from
// folders only: what a model is for, and which files it needs, its user knows.

import { pathToFileURL } from 'node:url';
import { messageOf, UserError } from '../errors.js';
import { installationFolder } from '../files/installed-package.js';
import { oneLine } from '../quote.js';

export const transformersPackage = '@huggingface/transformers';
const version = '4.3.2';

/** The part of the package that is used here. */
export interface TransformersLibrary {
  readonly env: Record<string, unknown>;
  readonly LogLevel?: { readonly ERROR: number };
  pipeline(task: string, folder: string, options: Record<string, unknown>): Promise<unknown>;
}

/**
 * @param main the main file of the package; null if it is not installed.
 * @param what needs it, for messages: `a translation model`.
 * @throws UserError (package-missing)
 */
export async function loadTransformers(main: string | null, what: string): Promise<TransformersLibrary> {
  const install = `npm install ${transformersPackage}@${version} in ${installationFolder()}`;
  if (main === null)
    throw new UserError(
      'package-missing',
      `${what} needs the package ${transformersPackage}; install it with ${install}`,
    );
  let library: TransformersLibrary;
  try {
    library = await import(pathToFileURL(main).href);
  } catch (thrown) {
    throw new UserError(
      'package-missing',
      `${what} needs the package ${transformersPackage}, which cannot be loaded (${oneLine(messageOf(thrown), 200)}); install it again with ${install}`,
      { cause: thrown },
    );
  }
  // Everything is read from the folder, and stdout is for results.
  library.env.allowRemoteModels = false;
  library.env.useFSCache = false;
  if (library.LogLevel !== undefined) library.env.logLevel = library.LogLevel.ERROR;
  return library;
}
