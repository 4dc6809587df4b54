export const roles = ['owner', 'admin', 'member', 'viewer'] as const;

const everybody = roles;
const workers = ['owner', 'admin', 'member'] as const;
const admins = ['owner', 'admin'] as const;
const owners = ['owner'] as const;

/**
 * What each role of a tenant may do: the one table that the check, the documentation and the console read. A route
 * names one of these; whoever lacks it gets PERMISSION_MISSING.
 */
export const permissions = {
  'crm.read': everybody,
  'knowledge.read': everybody,
  'crm.write': workers,
  'knowledge.write': workers,
  'ai.use': workers,
  'members.read': workers,
  'members.manage': admins,
  'keys.manage': admins,
  'ai.manage': admins,
  'audit.read': admins,
  'settings.write': admins,
  'export.run': admins,
  'tenant.transfer': owners,
  'tenant.erase': owners,
  'tenant.rewind': owners,
  'billing.manage': owners,
  'break_glass.end': owners,
} as const satisfies Record<string, readonly Role[]>;

export type Role = (typeof roles)[number];
export type Permission = keyof typeof permissions;

/** Every permission, in the order of the table. */
export const allPermissions = Object.keys(permissions) as [Permission, ...Permission[]];

/** Tells whether a role has a permission; a role that is not in the table has none. */
export function permits(role: string, permission: Permission): boolean {
  return (permissions[permission] as readonly string[]).includes(role);
}

/** Tells whether whoever has these permissions may give a role, or take it: only one that holds nothing more. */
export function mayGrant(held: (permission: Permission) => boolean, role: Role): boolean {
  return allPermissions.every((permission) => !permits(role, permission) || held(permission));
}
