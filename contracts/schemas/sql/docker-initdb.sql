-- The tables that market-data-store documents for a fresh set-up with Docker.
-- Source: docker/initdb.d/01_schema.sql of mjdevaccount/market-data-store at e553a59 (0.6.68). Written anew from what it
-- creates: tables, columns, types, keys, checks, triggers, policies and views. Left out: TimescaleDB (hypertables and
-- compression), the extensions, of which only gen_random_uuid() is used and is PostgreSQL's own since 13, the indexes that
-- make nothing unique, and tables that no client of the package reaches (job_runs and its view).

create table tenants (
  id uuid default gen_random_uuid() primary key,
  tenant_id varchar(50) unique not null,
  name varchar(255),
  created_at timestamptz default now() not null,
  updated_at timestamptz default now() not null
);

create table jobs_outbox (
  id bigserial primary key,
  tenant_id uuid not null references tenants (id) on delete cascade,
  idempotency_key text unique not null,
  job_type text not null,
  payload jsonb not null,
  status text default 'queued' not null
    check (status in ('queued', 'running', 'completed', 'failed', 'deadletter')),
  priority text default 'medium' not null check (priority in ('low', 'medium', 'high', 'urgent')),
  retries integer default 0 not null,
  created_at timestamptz default now() not null,
  updated_at timestamptz default now() not null
);

create table api_config (
  tenant_id uuid not null references tenants (id) on delete cascade,
  key text not null,
  value jsonb not null,
  description text,
  updated_at timestamptz default now() not null,
  constraint api_config_pk primary key (tenant_id, key)
);

create table bars (
  ts timestamptz not null,
  tenant_id uuid not null references tenants (id) on delete cascade,
  vendor varchar(50) not null,
  symbol varchar(20) not null check (upper(symbol) = symbol),
  timeframe varchar(16) not null,
  open_price numeric(20, 8),
  high_price numeric(20, 8),
  low_price numeric(20, 8),
  close_price numeric(20, 8),
  volume bigint,
  id uuid default gen_random_uuid() not null,
  created_at timestamptz default now() not null,
  updated_at timestamptz default now() not null,
  constraint bars_pk primary key (ts, tenant_id, vendor, symbol, timeframe)
);

create table fundamentals (
  asof timestamptz not null,
  tenant_id uuid not null references tenants (id) on delete cascade,
  vendor varchar(50) not null,
  symbol varchar(20) not null check (upper(symbol) = symbol),
  total_assets numeric(25, 2),
  total_liabilities numeric(25, 2),
  net_income numeric(25, 2),
  eps numeric(10, 4),
  id uuid default gen_random_uuid() not null,
  created_at timestamptz default now() not null,
  updated_at timestamptz default now() not null,
  constraint fundamentals_pk primary key (asof, tenant_id, vendor, symbol)
);

create table news (
  published_at timestamptz not null,
  tenant_id uuid not null references tenants (id) on delete cascade,
  vendor varchar(50) not null,
  id uuid default gen_random_uuid() not null,
  symbol varchar(20) check (symbol is null or upper(symbol) = symbol),
  title text not null,
  url text,
  sentiment_score numeric(5, 4),
  created_at timestamptz default now() not null,
  updated_at timestamptz default now() not null,
  constraint news_pk primary key (published_at, tenant_id, vendor, id)
);

create table options_snap (
  ts timestamptz not null,
  tenant_id uuid not null references tenants (id) on delete cascade,
  vendor varchar(50) not null,
  symbol varchar(20) not null check (upper(symbol) = symbol),
  expiry date not null,
  option_type varchar(1) not null check (option_type in ('C', 'P')),
  strike numeric(12, 2) not null,
  iv numeric(6, 4),
  delta numeric(8, 6),
  gamma numeric(10, 8),
  oi bigint,
  volume bigint,
  spot numeric(12, 4),
  id uuid default gen_random_uuid() not null,
  created_at timestamptz default now() not null,
  updated_at timestamptz default now() not null,
  constraint options_snap_pk primary key (ts, tenant_id, vendor, symbol, expiry, option_type, strike)
);

create table bars_ohlcv (
  provider text not null,
  symbol text not null check (upper(symbol) = symbol),
  interval text not null,
  ts timestamptz not null,
  open double precision not null,
  high double precision not null,
  low double precision not null,
  close double precision not null,
  volume double precision not null,
  created_at timestamptz default now() not null,
  updated_at timestamptz default now() not null,
  constraint bars_ohlcv_pk primary key (provider, symbol, interval, ts)
);

create function update_updated_at_column() returns trigger language plpgsql as
  $body$ begin new.updated_at := now(); return new; end $body$;

do $do$
declare
  name text;
begin
  foreach name in array array[
    'tenants', 'jobs_outbox', 'api_config', 'bars', 'fundamentals', 'news', 'options_snap', 'bars_ohlcv'
  ] loop
    execute format(
      'create trigger %I before update on %I for each row execute function update_updated_at_column()',
      'update_' || name || '_updated_at', name
    );
  end loop;
  -- Who sets no tenant sees nothing and writes nothing, also the owner of the tables.
  foreach name in array array['jobs_outbox', 'api_config', 'bars', 'fundamentals', 'news', 'options_snap'] loop
    execute format('alter table %I enable row level security, force row level security', name);
    execute format(
      'create policy %I on %I using (%s) with check (%3$s)',
      'tenant_isolation_' || name,
      name,
      $if$current_setting('app.tenant_id', true) is not null
        and tenant_id = current_setting('app.tenant_id', true)::uuid$if$
    );
  end loop;
end
$do$;

create view latest_prices as
  select distinct on (tenant_id, vendor, symbol)
    tenant_id, vendor, symbol, close_price as price, ts as price_timestamp
  from bars
  order by tenant_id, vendor, symbol, ts desc;
