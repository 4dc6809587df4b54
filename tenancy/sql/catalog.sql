-- The catalog as text, one line an object, the same on PostgreSQL 15 to 18: what the attestation hashes and what the
-- golden schema file holds. Owners' own rights are left out (they differ between versions), all others are named.
with rights as (
  select 'r' as kind, oid, relowner as owner, coalesce(relacl, acldefault(case relkind when 'S' then 's' else 'r' end::"char", relowner)) as acl from pg_class
  union all select 'n', oid, nspowner, coalesce(nspacl, acldefault('n', nspowner)) from pg_namespace
  union all select 'f', oid, proowner, coalesce(proacl, acldefault('f', proowner)) from pg_proc
  union all select 'l', oid, lanowner, coalesce(lanacl, acldefault('l', lanowner)) from pg_language
  union all select 'd', oid, datdba, coalesce(datacl, acldefault('d', datdba)) from pg_database where datname = current_database()
), granted as (
  select kind, oid, ' grants ' || string_agg(who || ':' || what, ' ' order by who) as text from (
    select r.kind, r.oid, case a.grantee when 0 then 'public' else a.grantee::regrole::text end as who,
      string_agg(lower(replace(a.privilege_type, ' ', '_')) || case when a.is_grantable then '*' else '' end, ',' order by a.privilege_type) as what
    from rights r, aclexplode(r.acl) a where a.grantee <> r.owner group by 1, 2, 3) g group by 1, 2
), own as (
  select oid, nspname, nspowner from pg_namespace
  where nspname not in ('pg_catalog', 'information_schema', 'pg_toast') and nspname !~ '^pg_(temp|toast_temp)_'
), relations as (
  select c.*, n.nspname, format('%I.%I', n.nspname, c.relname) as name from pg_class c join own n on n.oid = c.relnamespace
), lines as (
  select 'role ' || rolname || concat_ws('', case when rolcanlogin then ' login' else ' nologin' end, case when rolsuper then ' superuser' end,
      case when rolbypassrls then ' bypassrls' end, case when rolcreaterole then ' createrole' end, case when rolcreatedb then ' createdb' end,
      case when rolreplication then ' replication' end, case when not rolinherit then ' noinherit' end) as line
    from pg_roles where rolname like 'bos\_%'
  union all select 'member ' || m.member::regrole || ' of ' || m.roleid::regrole from pg_auth_members m
    where m.member::regrole::text like 'bos\_%'
  union all select 'setting ' || coalesce(nullif(s.setrole, 0)::regrole::text, 'database') || ' ' || array_to_string(s.setconfig, ' ')
    from pg_db_role_setting s where (s.setdatabase in (0, (select oid from pg_database where datname = current_database())))
      and (s.setrole = 0 or s.setrole::regrole::text like 'bos\_%') and not (s.setrole = 0 and s.setdatabase = 0)
  union all select 'database' || coalesce(g.text, '') from pg_database d left join granted g on g.kind = 'd' and g.oid = d.oid where d.datname = current_database()
  union all select 'language ' || lanname || coalesce(g.text, '') from pg_language l left join granted g on g.kind = 'l' and g.oid = l.oid
    where lanname not in ('internal', 'c')
  union all select 'extension ' || extname from pg_extension
  union all select 'event trigger ' || evtname || ' ' || evtevent || ' ' || evtfoid::regprocedure from pg_event_trigger
  union all select 'publication ' || pubname || case when puballtables then ' all tables' else '' end from pg_publication
  union all select 'schema ' || n.nspname || ' owner ' || n.nspowner::regrole || coalesce(g.text, '') from own n left join granted g on g.kind = 'n' and g.oid = n.oid
  union all select case relkind when 'r' then 'table' when 'p' then 'partitioned table' when 'v' then 'view' when 'm' then 'materialized view' when 'S' then 'sequence' else 'relation ' || relkind::text end
      || ' ' || name || ' owner ' || relowner::regrole || concat_ws('', case relpersistence when 'u' then ' unlogged' end,
      case when relrowsecurity then ' rls' end, case when relforcerowsecurity then ' force' end, case when relispartition then ' partition' end,
      case when reloptions is not null then ' with ' || array_to_string(reloptions, ',') end) || coalesce(g.text, '')
      || case when relkind in ('v', 'm') then ' as ' || regexp_replace(pg_get_viewdef(relations.oid), '\s+', ' ', 'g') else '' end
    from relations left join granted g on g.kind = 'r' and g.oid = relations.oid where relkind in ('r', 'p', 'v', 'm', 'S', 'f')
  union all select 'column ' || r.name || '.' || quote_ident(a.attname) || ' ' || format_type(a.atttypid, a.atttypmod) || concat_ws('', case when a.attnotnull then ' not null' end,
      case when a.attgenerated = 's' then ' generated ' || pg_get_expr(d.adbin, d.adrelid) when d.adbin is not null then ' default ' || pg_get_expr(d.adbin, d.adrelid) end,
      case when a.attidentity <> '' then ' identity ' || a.attidentity::text end,
      case when a.attcollation not in (0, 100) then ' collate ' || (select collname from pg_collation where oid = a.attcollation) end,
      (select ' grants ' || string_agg(x.grantee::regrole || ':' || lower(x.privilege_type), ' ' order by x.grantee::regrole::text, x.privilege_type) from aclexplode(a.attacl) x))
    from relations r join pg_attribute a on a.attrelid = r.oid and a.attnum > 0 and not a.attisdropped
    left join pg_attrdef d on d.adrelid = r.oid and d.adnum = a.attnum where r.relkind in ('r', 'p', 'f')
  union all select 'constraint ' || r.name || ' ' || quote_ident(k.conname) || ' ' || pg_get_constraintdef(k.oid) || case when k.convalidated then '' else ' not validated' end
    from pg_constraint k join relations r on r.oid = k.conrelid where k.contype <> 'n'
  union all select 'index ' || pg_get_indexdef(i.indexrelid) || case when i.indisvalid then '' else ' invalid' end
    from pg_index i join relations r on r.oid = i.indrelid where not exists (select from pg_constraint k where k.conindid = i.indexrelid and k.contype in ('p', 'u', 'x'))
  union all select 'policy ' || r.name || ' ' || quote_ident(p.polname) || case when p.polpermissive then ' permissive' else ' restrictive' end
      || ' for ' || case p.polcmd when '*' then 'all' when 'r' then 'select' when 'a' then 'insert' when 'w' then 'update' when 'd' then 'delete' end
      || ' to ' || (select string_agg(case o when 0 then 'public' else o::regrole::text end, ',') from unnest(p.polroles) o)
      || coalesce(' using ' || pg_get_expr(p.polqual, p.polrelid), '') || coalesce(' with check ' || pg_get_expr(p.polwithcheck, p.polrelid), '')
    from pg_policy p join relations r on r.oid = p.polrelid
  union all select 'function ' || format('%I.%I(%s)', n.nspname, p.proname, pg_get_function_identity_arguments(p.oid)) || ' returns ' || coalesce(pg_get_function_result(p.oid), 'nothing')
      || ' owner ' || p.proowner::regrole || ' ' || l.lanname || ' ' || case p.provolatile when 'i' then 'immutable' when 's' then 'stable' else 'volatile' end
      || concat_ws('', case when p.prosecdef then ' definer' end, case when p.proleakproof then ' leakproof' end, case when p.proparallel = 's' then ' parallel safe' end,
         case when p.proconfig is not null then ' set ' || array_to_string(p.proconfig, ' set ') end) || coalesce(g.text, '')
      || ' body ' || encode(sha256(convert_to(coalesce(pg_get_function_sqlbody(p.oid), p.prosrc), 'UTF8')), 'hex')
    from pg_proc p join own n on n.oid = p.pronamespace join pg_language l on l.oid = p.prolang left join granted g on g.kind = 'f' and g.oid = p.oid
  union all select 'trigger ' || r.name || ' ' || quote_ident(t.tgname) || ' ' || pg_get_triggerdef(t.oid) || case t.tgenabled when 'O' then '' else ' enabled ' || t.tgenabled::text end
    from pg_trigger t join relations r on r.oid = t.tgrelid where not t.tgisinternal
  union all select 'rule ' || r.name || ' ' || pg_get_ruledef(w.oid) from pg_rewrite w join relations r on r.oid = w.ev_class where w.rulename <> '_RETURN'
  union all select 'builtin ' || regexp_replace(p.oid::regprocedure::text, ',boolean\)$', ')') || coalesce(g.text, '') from pg_proc p -- 17 gave the last one a fourth argument
    left join granted g on g.kind = 'f' and g.oid = p.oid
    where p.pronamespace = 'pg_catalog'::regnamespace and (p.proname like 'pg\_advisory%' or p.proname like 'pg\_try\_advisory%'
      or p.proname in ('pg_notify', 'pg_terminate_backend', 'pg_cancel_backend', 'loread', 'lowrite', 'pg_logical_emit_message', 'currtid2') or p.proname like 'lo\_%')
  union all select 'default privileges ' || a.defaclrole::regrole || ' ' || a.defaclobjtype::text || ' ' || a.defaclacl::text from pg_default_acl a
)
, months as (
  select n.nspname || '.' || c.relname as name, n.nspname, left(c.relname, -8) as stem, right(c.relname, 8) as month,
    count(*) over (partition by c.relnamespace, left(c.relname, -8)) as all_of_them
  from pg_class c join own n on n.oid = c.relnamespace
  where c.relispartition and c.relkind in ('r', 'p') and c.relname ~ '^[a-z_]+_[0-9]{4}_[0-9]{2}$'
), told as (
  -- what every month of a table has is told once; what one of them has or lacks alone is told of that one
  select case count(*) over (partition by m.nspname, m.stem, replace(l.line, m.month, '_month')) when m.all_of_them
    then replace(l.line, m.month, '_month') else l.line end as line
  from lines l left join months m on strpos(l.line, ' ' || m.name) > 0
)
select distinct line collate "C" as line from told where line is not null order by 1
