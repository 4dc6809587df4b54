create schema lintbug_crm;
create table lintbug_crm.deals (tenant_id uuid, id uuid, primary key (tenant_id, id));
create publication lintbug_one for table lintbug_crm.deals where (tenant_id = '00000000-0000-4000-8000-00000000000a')
  with (publish = 'insert, update, delete', publish_via_partition_root = true);
