import type { Role } from '@businessos/contract';

/** What a role means, in the words of pages and mails. */
export const roleTexts: Readonly<Record<Role, { readonly name: string; readonly as: string; readonly may: string }>> = {
  owner: { name: 'Owner', as: 'an owner', may: 'Owners may do everything, transfer and erase the business included.' },
  admin: { name: 'Admin', as: 'an admin', may: 'Admins manage people, keys and settings, and work with all data.' },
  member: { name: 'Member', as: 'a member', may: 'Members read and change what the business works with.' },
  viewer: { name: 'Viewer', as: 'a viewer', may: 'Viewers read, and change nothing.' },
};

/** What a plan is called and for whom it is. */
export const planTexts = {
  free: { name: 'Free', note: 'To try it out, or for a small team.' },
  pro: { name: 'Pro', note: 'For a team that works with it every day.' },
  enterprise: { name: 'Enterprise', note: 'For many people and much data.' },
} as const;
