/** What each role of a tenant may do. A route names one of these; a role that lacks it gets PERMISSION_MISSING. */
export const permissions = {
  'crm.read': ['owner', 'admin', 'member', 'viewer'],
  'crm.write': ['owner', 'admin', 'member'],
} as const satisfies Record<string, readonly string[]>;

export const roles = ['owner', 'admin', 'member', 'viewer'] as const;

export type Role = (typeof roles)[number];
export type Permission = keyof typeof permissions;

/** Tells whether a role has a permission; a role that is not in the table has none. */
export function permits(role: string, permission: Permission): boolean {
  return (permissions[permission] as readonly string[]).includes(role);
}
