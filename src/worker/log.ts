import type { LogLevel, Logger } from '@temporalio/worker';
import type { Logger as Pino } from 'pino';

const levels = { TRACE: 'trace', DEBUG: 'debug', INFO: 'info', WARN: 'warn', ERROR: 'error' } as const;

/** Temporal's logger on top of pino: one JSON object a line, errors under `err`. */
export function temporalLogger(pino: Pino): Logger {
  const log = (level: LogLevel, message: string, fields: Record<PropertyKey, unknown> = {}) => {
    // Whoever has a task's token can complete that task.
    const { error, taskToken: _, ...others } = fields;
    pino[levels[level]](error === undefined ? others : { ...others, err: error }, message);
  };
  return {
    log,
    trace: (message, fields) => log('TRACE', message, fields),
    debug: (message, fields) => log('DEBUG', message, fields),
    info: (message, fields) => log('INFO', message, fields),
    warn: (message, fields) => log('WARN', message, fields),
    error: (message, fields) => log('ERROR', message, fields),
  };
}
