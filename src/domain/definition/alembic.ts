import { z } from 'zod';

/** `migrations` of a service that uses Alembic, which is the tool where a definition names none. */
export const alembic = {
  tool: z.literal('alembic').optional().default('alembic').describe('What runs the migrations'),
  keys: {
    python: z.string().min(1).default('python3').describe('Python interpreter in that image'),
    config: z
      .string()
      .min(1)
      .optional()
      .describe('Path of alembic.ini in the image, from its working directory'),
    scriptLocation: z
      .string()
      .min(1)
      .optional()
      .describe('Alembic script_location, if the application sets it in code'),
    options: z
      .record(z.string(), z.string())
      .default({})
      .describe('Further options of the Alembic configuration'),
    versionTable: z
      .string()
      .min(1)
      .max(63)
      .default('alembic_version')
      .describe('Table in which Alembic stores the revision'),
    setUrlOption: z
      .boolean()
      .default(false)
      .describe('Also set sqlalchemy.url of the configuration, if env.py reads the URL from there'),
  },
};
