import { readFile, readdir } from 'node:fs/promises';
import { basename, extname, join } from 'node:path';
import { fault } from '../domain/failures.ts';
import type { Fault } from '../domain/failures.ts';
import type { ServiceDefinition } from '../domain/definition/service.ts';
import { readDefinition } from './definition-file.ts';
import type { DefinitionFile } from './definition-file.ts';

/** The services that Backstep knows. */
export interface Definitions {
  /** Names of the services, in alphabetical order. Throws the file system's own error where it cannot look. */
  list(): Promise<string[]>;
  /** The definition, or every fault that keeps it from being used; never throws. */
  load(service: string): Promise<{ definition: ServiceDefinition } | { faults: Fault[] }>;
}

const extensions = ['.yaml', '.yml'];
const isDefinition = (file: string) => extensions.includes(extname(file)) && !file.startsWith('.');
const serviceOf = (file: string) => basename(file, extname(file));

/** One YAML file a service, named after it: `services/deeptech-radar.yaml`. Read anew at every call. */
export function definitionsIn(directory: string): Definitions {
  const files = async () => (await readdir(directory)).filter(isDefinition).toSorted();
  return {
    list: async () => [...new Set((await files()).map(serviceOf))],
    load: async (service) => {
      try {
        const paths = (await files()).map((file) => join(directory, file));
        const own = paths.filter((path) => serviceOf(path) === service);
        if (own.length === 0) return { faults: [unknown(service, directory, paths.map(serviceOf))] };
        const checked = await check(paths);
        const faults = own.flatMap((path) => checked.get(path)?.faults ?? []);
        const definition = checked.get(own[0] ?? '')?.definition;
        return faults.length > 0 || definition === undefined ? { faults } : { definition };
      } catch (error) {
        return { faults: [unreadable(directory, error)] };
      }
    },
  };
}

/**
 * Checks definition files, each for itself and against one another: a file named otherwise than its service,
 * a service in two files, two definitions of one database (law 6: one operation on a database at a time).
 */
export async function check(paths: readonly string[]): Promise<Map<string, DefinitionFile>> {
  const read = new Map<string, DefinitionFile>();
  for (const path of paths) read.set(path, await readOne(path));
  for (const [path, one] of read) {
    for (const [other, { database }] of read) {
      if (other === path) continue;
      if (serviceOf(other) === serviceOf(path)) {
        refuse(one, `${path}: service "${serviceOf(path)}" is defined in ${other} too; remove one`);
      } else if (database !== undefined && database === one.database) {
        const [namespace, secret, key] = database.split('/');
        const where = `key ${key} of Secret ${secret} in namespace ${namespace}`;
        refuse(one, `${path}: has the same database as ${other} (${where}); one database has one definition`);
      }
    }
  }
  return read;
}

async function readOne(path: string): Promise<DefinitionFile> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    return { faults: [unreadable(path, error)] };
  }
  const file = readDefinition(path, text);
  const named = file.definition?.service;
  if (named !== undefined && named !== serviceOf(path)) {
    refuse(file, `${path}: is named otherwise than its service; call it ${named}${extname(path)}`);
  }
  return file;
}

function refuse(file: DefinitionFile, message: string): void {
  file.faults.push(fault('InvalidDefinition', message));
  delete file.definition;
}

function unknown(service: string, directory: string, services: string[]): Fault {
  const known = services.length === 0 ? 'there is none' : `there are: ${[...new Set(services)].join(', ')}`;
  return fault('InvalidRequest', `no service "${service}" is defined in ${directory}; ${known}`);
}

const unreadable = (path: string, error: unknown): Fault =>
  fault(
    'InvalidDefinition',
    `${path} cannot be read: ${(error as NodeJS.ErrnoException).code ?? String(error)}`,
  );
