/** The product's list of contacts as plain pg asks for it: one row more than the page, which tells of the next. */
export const listText = `select id, company_id, name, email, phone, status, owner, version, touched_at, created_at, updated_at
  from crm.contacts where tenant_id = $1 and deleted_at is null order by created_at desc, id desc limit $2`;
