import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { serviceDefinition } from '../src/domain/definition/service.ts';

/** Beside the definitions, so that `# yaml-language-server: $schema=./service.schema.json` finds it. */
export const schemaFile = fileURLToPath(new URL('../services/service.schema.json', import.meta.url));

/** The JSON Schema by which editors complete and check `services/*.yaml`, made from the zod schema. */
export function schemaText(): string {
  const schema = z.toJSONSchema(serviceDefinition, { io: 'input' });
  return `${JSON.stringify({ title: 'A service that Backstep can roll back', ...schema }, undefined, 2)}\n`;
}

export const writeSchema = () => writeFile(schemaFile, schemaText());
