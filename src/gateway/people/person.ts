/** A person whom the gateway has proved; in Temporal only the name, roles and method appear. */
export interface Person {
  name: string;
  roles: string[];
  method: 'oidc' | 'token';
  /** The OIDC provider that proved it. */
  issuer?: string;
}
