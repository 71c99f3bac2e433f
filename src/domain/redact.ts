/**
 * Takes secrets out of text before it reaches a history, a log or a report (law 9): credentials in URLs, webhooks
 * of Slack, and `password=`, `token=` and the like in connection strings and environment dumps. A password in a URL
 * may hold what ought to be escaped, `@` included, for `postgres/url.ts` reads it so: it ends at the last `@`, and
 * of text behind the URL rather too much goes than too little.
 */
export function redact(text: string): string {
  return text
    .replace(/(hooks\.slack(?:-gov)?\.com\/(?:services|workflows|triggers)\/)[^\s'"<>)]+/gi, '$1***')
    .replace(/(\b[a-z][a-z0-9+.-]*:\/\/)[^\s/@:"]*:\S*@/gi, '$1***@')
    .replace(
      /((?:^|[^\w])(?:pg)?(?:password|passwd|pwd|secret|token|api_?key)["']?\s*[=:]\s*)('(?:[^'\\]|\\.)+'|"(?:[^"\\]|\\.)+"|[^\s'",;]+)/gi,
      '$1***',
    );
}

/** Cuts text to at most `limit` characters, keeping its beginning and its end, where causes and results stand. */
export function truncate(text: string, limit: number): string {
  if (text.length <= limit) return text;
  const half = Math.floor((limit - 5) / 2);
  return `${text.slice(0, half)} ... ${text.slice(-half)}`;
}
