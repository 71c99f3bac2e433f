import * as deeptech from './deeptech-radar/install.ts';
import * as optuna from './optuna/install.ts';

/** What is installed of an application, whichever it is. */
export type Installed = deeptech.Radar;

/** The applications that the lab can install, by the name of their definition in `services/`. */
export const applications = {
  'deeptech-radar': {
    ...deeptech,
    migrate: deeptech.migrateBadly,
    installing: 'DeepTech Radar: release 1, schema 0004, five CronJobs',
    migrating: 'Releasing version 2 with migration 0005: the API breaks',
    now: 'DeepTech Radar is broken: its migration 0005 makes /health answer 500',
    because: '0005 broke /health',
  },
  optuna: {
    ...optuna,
    migrate: optuna.upgrade,
    installing: 'a service on optuna 3.1.1: schema v3.0.0.d, one CronJob',
    migrating: 'Upgrading to optuna 5.0.0, which migrates the schema to v3.2.0.a',
    now: 'The service runs optuna 5.0.0 on schema v3.2.0.a',
    because: 'back to optuna 3.1.1',
  },
};

export type ApplicationName = keyof typeof applications;

export const isApplication = (name: string): name is ApplicationName => name in applications;
