import { z } from 'zod';
import { duration } from '../duration.ts';
import { dnsLabel } from '../names.ts';

const who = z.string().min(1).describe('A person, a role or a team');

const level = z.union([
  who,
  z.strictObject({
    who,
    notify: z
      .array(dnsLabel)
      .default([])
      .describe('Channels of `notify` that get the message; without it, all that have `escalation`'),
    after: duration
      .optional()
      .describe('How long the level before has to acknowledge; without it, escalation.every'),
  }),
]);

/** Runbook, Escalation: when, and whom in which order. */
export const escalation = z.strictObject({
  attempts: z.int().min(1).default(2).describe('So many failures of one step call the path'),
  downFor: duration.prefault('2h').describe('Writes stopped for so long call the path'),
  every: duration
    .prefault('15m')
    .describe(
      'How long a level has to acknowledge before the next one is called; and how long a gate or a hold may go unanswered while writes are stopped',
    ),
  path: z.array(level).min(1).describe('Who is called, one after the other, until somebody acknowledges'),
});

export type Escalating = z.infer<typeof escalation>;
export type Level = Escalating['path'][number];

export const whoOf = (level: Level): string => (typeof level === 'string' ? level : level.who);

/** Channels of `notify` that a level names; none: all that are told of escalations. */
export const namesOf = (level: Level): string[] => (typeof level === 'string' ? [] : level.notify);
