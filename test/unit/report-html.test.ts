import { describe, expect, test } from 'vitest';
import { fault } from '../../src/domain/failures.ts';
import type { Event } from '../../src/domain/journal/journal.ts';
import { reportHtml, reportMarkdown } from '../../src/views/report/documents.ts';
import { sectionsOf } from '../../src/views/report/sections.ts';
import { reportOf } from '../../src/views/report/report.ts';
import type { Report } from '../../src/views/report/report.ts';
import { plain } from '../../src/views/blocks.ts';
import { markdown } from '../../src/views/render/markdown.ts';
import { done, gateOpened, journalOf, straight, subject } from '../example-journal.ts';
import { examplePlan, findings } from '../example-plan.ts';

const evil = `<img src=x onerror="alert(1)">`;
const plan = examplePlan(
  {},
  {
    relatedRunbooks: [
      { title: 'Worker Failure', url: './WORKER_FAILURE.md' },
      { title: 'API Incident Response', url: 'https://runbooks.example/API' },
      { title: 'Bad', url: 'javascript://%0aalert(1)' },
    ],
  },
);
const reportOn = (...events: Event[]) => reportOf(journalOf(...events), subject(plan));
const stopped: Event[] = [...done('assess'), ...done('stop-writes')];

describe('the HTML report', () => {
  test('has every section that Markdown has, and the timeline drawn', () => {
    const report = reportOn(...straight);
    const html = reportHtml(report);
    for (const { title } of sectionsOf(report)) {
      expect(html).toContain(`<h2>${plain(title)}</h2>`);
      expect(reportMarkdown(report)).toContain(`\n## ${plain(title)}\n`);
    }
    expect(html).toMatch(/<svg [^]*Execute the downgrade[^]*<\/svg>/);
    expect(html).toContain('<dt>Writes stopped</dt>');
  });

  test('says what needs a person before everything else', () => {
    const html = reportHtml(reportOn(...stopped));
    expect(html).toContain('<section class="attention"><h2>Needs a person</h2>');
    expect(html.indexOf('class="attention"')).toBeLessThan(html.indexOf('<svg '));
    expect(html).toContain('<dd><span class="badge bad">still</span></dd>');
  });

  test('needs no script, no network and no other file, and forbids them', () => {
    const html = reportHtml(reportOn(...straight));
    expect(html).toContain(`content="default-src 'none'; style-src 'unsafe-inline'"`);
    expect(html).not.toMatch(/<script|<link|<img|<iframe|url\(|@import| src=| on\w+="/);
  });

  test('lets nothing through that a database, a log or a person wrote', () => {
    const events: Event[] = [
      ...done('assess', { ...findings.assess, errors: [evil], notes: [`\`${evil}\``] }),
      { kind: 'step-began', step: 'verify', try: 1 },
      { kind: 'step-failed', step: 'verify', try: 1, fault: fault('VerificationFailed', evil) },
      { kind: 'hold-closed', hold: 'verify-1', decision: 'retry', by: evil, reason: evil },
      { kind: 'ended', outcome: 'aborted', reason: evil },
    ];
    const html = reportHtml(reportOn(...events));
    expect(html).not.toContain('<img');
    expect(html.split('&lt;img src=x onerror=&quot;alert(1)&quot;&gt;').length).toBeGreaterThan(5);
  });

  test('links a runbook on the web, names one that is a file, and never runs one', () => {
    const html = reportHtml(reportOn(...straight));
    expect(html).toContain(
      '<a href="https://runbooks.example/API" rel="noreferrer">API Incident Response</a>',
    );
    expect(html).toContain('<li>Worker Failure (<code>./WORKER_FAILURE.md</code>)</li>');
    expect(html).not.toContain('href="javascript:');
  });

  test('commands between backticks are set as such', () => {
    const html = reportHtml(reportOn(...straight));
    expect(html).toMatch(/this puts it back:<\/p>\s*<pre tabindex="0"><code>gunzip -c /);
  });

  test('the post-rollback list has a place for an owner, in Markdown and HTML', () => {
    const report = reportOn(...straight);
    expect(reportMarkdown(report)).toMatch(/^- \[ \] Analyze the root cause .* \(owner: ____\)$/m);
    expect(reportHtml(report)).toMatch(
      /<td>☐<\/td>\s*<td>Analyze the root cause[^<]*<\/td>\s*<td><\/td>\s*<\/tr>/,
    );
  });
});

const sectionOf = (report: Report, title: string) => {
  const found = sectionsOf(report).find((section) => section.title === title);
  return found && markdown(found.blocks);
};
const linesOf = (title: string, ...events: Event[]) => sectionOf(reportOn(...events), title);

const facts = (request: object) => {
  const asked = examplePlan({ request: { ...plan.request, ...request } });
  return sectionOf(reportOf(journalOf(...stopped), subject(asked)), 'Facts');
};

describe('the sections', () => {
  test('evidence: where each piece lies, with its checksum', () => {
    const evidence = linesOf('Evidence', ...straight);
    for (const sha256 of [findings['back-up'].sha256, 'ab'.padEnd(64, '0'), '5a1'.padEnd(64, '0')])
      expect(evidence).toContain(sha256);
  });

  test('alerts that came meanwhile, and people who could not be told', () => {
    const events: Event[] = [
      ...stopped,
      {
        kind: 'annotated',
        source: 'alertmanager',
        fingerprint: 'f',
        status: 'resolved',
        text: 'ApiDown is over',
      },
      { kind: 'not-notified', to: 'ops', what: 'gate downgrade', why: 'status 404' },
    ];
    expect(linesOf('Alerts meanwhile', ...events)).toContain('alertmanager, resolved: ApiDown is over');
    expect(linesOf('Not told', ...events)).toContain('ops was not told "gate downgrade": status 404');
    expect(linesOf('Alerts meanwhile', ...stopped)).toBeUndefined();
  });

  test('who decided, and how the person was proved: by what, of whom, in which roles; who broke the glass', () => {
    const { gate, hash } = gateOpened;
    const proof = { method: 'oidc', issuer: 'https://id.example', roles: ['dba', 'lead'] } as const;
    const events: Event[] = [
      gateOpened,
      { kind: 'gate-approved', gate, hash, by: 'bob' },
      {
        kind: 'gate-approved',
        gate,
        hash,
        by: 'ann',
        reason: 'alone here',
        proof: { ...proof, roles: [...proof.roles] },
        breakGlass: true,
      },
    ];
    const decisions = linesOf('Decisions', ...events);
    expect(decisions).toContain('| bob | self-asserted | approved gate downgrade |');
    expect(decisions).toContain(
      '| ann | oidc of https://id.example; roles dba, lead | broke the glass at gate downgrade |',
    );
  });

  test('who asked: an alert by its name, a proved person by how, anybody else as self-asserted', () => {
    expect(facts({})).toContain('Asked for by ann (self-asserted), target');
    expect(facts({ requestedVia: 'oidc' })).toContain('Asked for by ann (proved by oidc), target');
    expect(facts({ alert: { source: 'grafana', name: 'ApiDown', fingerprint: 'f1' } })).toContain(
      'Asked for by alert ApiDown of grafana (fingerprint f1), target',
    );
  });
});
