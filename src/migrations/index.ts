import type { ServiceDefinition } from '../domain/definition/service.ts';
import { alembic } from './alembic/alembic.ts';
import type { MigrationTool } from './tool.ts';

/** A service as far as its migration tool needs it. */
type Migrated = Pick<ServiceDefinition, 'namespace' | 'migrations'>;

/** How activities come to a service's migration tool; tests hand them another one. */
export interface ToolDependencies {
  migrationTool?: (service: Migrated) => MigrationTool;
}

/** The migration tool that a definition names. */
export const toolOf = ({ migrationTool = builtIn }: ToolDependencies, service: Migrated): MigrationTool =>
  migrationTool(service);

function builtIn({ namespace, migrations }: Migrated): MigrationTool {
  switch (migrations.tool) {
    case 'alembic':
      return alembic({ namespace, migrations });
  }
  return migrations.tool satisfies never;
}
