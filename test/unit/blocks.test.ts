import { describe, expect, it } from 'vitest';
import { describeLoss } from '../../src/domain/rehearsal.ts';
import type { Salvage } from '../../src/domain/salvage.ts';
import { code, folded, line, list, paragraph, plain, section } from '../../src/views/blocks.ts';
import type { Action, Block } from '../../src/views/blocks.ts';
import { lossLines } from '../../src/views/losses.ts';
import { actionForm, htmlBlocks } from '../../src/views/render/html.ts';
import { markdown } from '../../src/views/render/markdown.ts';
import { slackLine, slackLink } from '../../src/views/render/slack.ts';
import { commandOf, plainLines } from '../../src/views/render/terminal.ts';
import { findings } from '../example-plan.ts';

const now = Date.parse('2025-11-18T03:12:05.700Z');
const stopped = line`Stopped ${{ time: '2025-11-18T03:10:00.000Z', as: 'since' }}, until ${{ time: '2025-11-18T04:00:00.000Z' }}; it ends ${{ time: '2025-11-18T04:00:00.000Z', as: 'until' }}.`;

describe('blocks', () => {
  it('times count where there is a clock, and are in UTC to the second where there is none', () => {
    expect(plain(stopped, now)).toBe(
      'Stopped for 2 min 05 s, until 04:00:00 UTC; it ends in 47 min 54 s (04:00:00 UTC).',
    );
    expect(plain(stopped)).toBe(
      'Stopped since 03:10:00 UTC, until 04:00:00 UTC; it ends at 2025-11-18 04:00:00 UTC.',
    );
    expect(String(htmlBlocks([paragraph(stopped)], { now }))).toContain(
      'for <time data-since="2025-11-18T03:10:00.000Z">2 min 05 s</time>',
    );
  });

  const blocks: Block[] = [
    section(
      'Rows',
      {
        kind: 'table',
        head: ['Table', 'Rows', 'Why'],
        rows: [
          [code('papers'), { number: 59_218 }, undefined],
          [code('a|b'), { number: 7 }, undefined],
        ],
      },
      list([], 'None.'),
    ),
    folded('more', line`More of ${{ badge: 'this', mood: 'bad' }}`, paragraph('<b>bold</b>')),
  ];

  it('are the same in Markdown, in HTML and in a terminal', () => {
    expect(markdown(blocks)).toBe(
      [
        '## Rows',
        '| Table | Rows | Why |\n|---|---|---|\n| `papers` | 59,218 | – |\n| `a\\|b` | 7 | – |',
        'None.',
        '## More of this',
        '&lt;b>bold&lt;/b>',
      ].join('\n\n'),
    );
    expect(plainLines(blocks)).toEqual([
      'Rows:',
      '  Table     Rows',
      '  papers  59,218',
      '  a|b          7',
      '  None.',
      'More of this:',
      '  <b>bold</b>',
    ]);
    const html = String(htmlBlocks(blocks));
    expect(html).toContain('<th scope="col" class="number">Rows</th>');
    expect(html).not.toContain('>Why<');
    expect(html).toMatch(/<details data-key="more">[^]*<span class="badge bad">this<\/span>/);
    expect(html).toContain('&lt;b&gt;bold&lt;/b&gt;');
    expect(String(htmlBlocks(blocks, { unfolded: true }))).not.toContain('<details');
  });

  it('in a chat nobody is woken by what somebody wrote, and no link is made of it', () => {
    expect(slackLine(line`<!channel> ${code('psql')} ${{ link: 'x|y', url: 'javascript:1' }}`)).toBe(
      '&lt;!channel&gt; `psql` x|y (javascript:1)',
    );
  });
});

describe('actions', () => {
  const approve: Action = {
    service: 'radar',
    verb: 'approve',
    gate: 'downgrade',
    hash: 'c0ffee000000',
    label: 'Approve',
    consequence: 'The database is moved.',
    dangers: ['table <scores> is lost'],
    reason: 'may',
  };

  it('are a form with the session’s own word, the hash and a confirmation', () => {
    const form = String(actionForm(approve, 'the word'));
    for (const part of [
      'action="/rollbacks/radar/approve"',
      'name="csrf" value="the word"',
      'name="gate" value="downgrade"',
      'name="plan" value="c0ffee000000"',
      'table &lt;scores&gt; is lost',
      'data-confirm="radar"',
    ])
      expect(form).toContain(part);
    expect(String(actionForm({ ...approve, dangers: [] }, 'the word'))).not.toContain('data-confirm');
  });

  it('are a command at a terminal, and a link in a chat', () => {
    const at = { service: 'radar', label: '', consequence: '', dangers: [] };
    expect(commandOf(approve)).toBe('backstep approve radar --gate downgrade --plan c0ffee000000');
    expect(commandOf({ ...at, verb: 'decide', hold: 'verify-1', decision: 'retry' })).toBe(
      'backstep decide radar retry --hold verify-1',
    );
    expect(commandOf({ ...at, verb: 'acknowledge' })).toBe('backstep acknowledge radar');
    expect(slackLink('Open', 'https://x/rollbacks/radar')).toBe('<https://x/rollbacks/radar|*Open*>');
  });
});

describe('losses, as people read them', () => {
  const { salvage } = findings;
  const linesOf = (changes: Partial<Salvage>) =>
    lossLines({ ...salvage, ...changes }).map((each) => plain(each));
  const loss = { kind: 'column', object: 'papers.score', rows: 100, values: 60, writtenSince: 0 } as const;

  it('what is removed and saved is no loss', () =>
    expect(linesOf({})).toEqual([
      'Removed from the database: scores, papers.score (107 rows). All saved in a script that puts them back once the migration is corrected.',
    ]));

  it('what is not saved, or not known, is said first, and where it remains', () => {
    expect(linesOf({ lost: [loss] })).toEqual([
      'Will be lost: column papers.score (60 values in 100 rows, none written after the migration). It remains only in the backup.',
      expect.stringMatching(/\(107 rows\)\. Saved in a script/),
    ]);
    expect(linesOf({ salvaged: [], unknown: 'not rehearsed' })).toEqual([
      'Loss unknown: not rehearsed. This counts as a loss; only the backup holds all of it.',
    ]);
  });

  it('nothing is nothing', () => expect(linesOf({ salvaged: [] })).toEqual(['Nothing is lost.']));

  it.each([
    [
      { kind: 'table', object: 'scores', rows: 35_218, writtenSince: 12 },
      'table scores (35,218 rows, 12 of them written after the migration)',
    ],
    [{ kind: 'rows', object: 'papers', rows: 1 }, '1 row of table papers'],
    [
      { kind: 'values', object: 'papers.title', rows: 2, values: 2 },
      'changed values of column papers.title (2 values in 2 rows)',
    ],
    [{ kind: 'large objects', object: 'large objects', rows: 2 }, '2 large objects'],
  ] as const)('%o', (one, words) => expect(describeLoss(one)).toBe(words));
});
