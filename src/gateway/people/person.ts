/** A person whom the gateway has proved; in Temporal only the name, roles and method appear. */
export interface Person {
  name: string;
  roles: string[];
  method: 'oidc' | 'token';
  /** The OIDC provider that proved it. */
  issuer?: string;
}

/** Where a provider says who somebody is, and in which roles. */
export interface ClaimNames {
  /** The name that approvals count by: it must be one that people cannot choose for themselves. */
  name: string;
  /** A claim, or a path into one: `realm_access.roles`. */
  roles: string;
}

/** A claim under its own name, or by a path of names. */
function claim(claims: Record<string, unknown>, path: string): unknown {
  if (Object.hasOwn(claims, path)) return claims[path];
  return path
    .split('.')
    .reduce<unknown>(
      (value, key) =>
        typeof value === 'object' && value !== null && Object.hasOwn(value, key)
          ? (value as Record<string, unknown>)[key]
          : undefined,
      claims,
    );
}

/**
 * The person whom verified claims are about, with every role: whoever needs fewer chooses which. An address that the
 * provider does not call verified is nobody's name: `sub` is used then, which no two people share.
 */
export function personOf(
  claims: Record<string, unknown> & { sub: string },
  issuer: string,
  names: ClaimNames,
): Person {
  const named = claim(claims, names.name);
  const proved = names.name !== 'email' || claims['email_verified'] === true;
  // What a terminal or a cookie would make something else of is no name.
  const isName = typeof named === 'string' && named.trim() !== '' && !/\p{Cc}/u.test(named);
  const name = proved && isName ? named.trim() : claims.sub;
  const given = claim(claims, names.roles);
  const listed: unknown[] = Array.isArray(given)
    ? given
    : typeof given === 'string'
      ? given.split(/[\s,]+/)
      : [];
  const roles = listed.filter((role): role is string => typeof role === 'string');
  return { name: name.slice(0, 200), roles, method: 'oidc', issuer };
}
