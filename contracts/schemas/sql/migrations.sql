-- The tables that market-data-store's migrations create.
-- Source: migrations/versions 0001_initial, 0002_add_bars_ohlcv_and_job_runs and 0003_add_signals_table of
-- mjdevaccount/market-data-store at e553a59 (0.6.68), and Alembic's own table, which says how far they have come. Written
-- anew from what they create: tables, columns, types, keys, checks, triggers, policies and views. Left out: TimescaleDB
-- (hypertables and compression), the extensions, of which only gen_random_uuid() is used and is PostgreSQL's own since 13,
-- the indexes that make nothing unique, and tables that no client of the package reaches (job_runs and its view).

create table alembic_version (version_num varchar(32) constraint alembic_version_pkc primary key);
insert into alembic_version values ('0003_add_signals_table');

create table tenants (
  id uuid default gen_random_uuid() primary key,
  tenant_id varchar(50) unique not null,
  name varchar(255),
  created_at timestamptz default now(),
  updated_at timestamptz default now()
);

create table jobs_outbox (
  id bigserial primary key,
  idempotency_key text unique not null,
  job_type text not null,
  payload jsonb not null,
  status varchar(20) default 'queued',
  priority varchar(20) default 'medium',
  retries integer default 0,
  created_at timestamptz default now(),
  updated_at timestamptz default now()
);

create table api_config (
  key text primary key,
  value jsonb not null,
  description text,
  updated_at timestamptz default now()
);

create table bars (
  id uuid default gen_random_uuid() primary key,
  tenant_id uuid references tenants (id),
  symbol varchar(20) not null,
  timeframe varchar(10) not null,
  ts timestamptz not null,
  open_price numeric(20, 8),
  high_price numeric(20, 8),
  low_price numeric(20, 8),
  close_price numeric(20, 8),
  volume bigint,
  vendor varchar(50) not null,
  created_at timestamptz default now(),
  updated_at timestamptz default now(),
  constraint uq_bars unique (symbol, timeframe, ts)
);

create table fundamentals (
  id uuid default gen_random_uuid() primary key,
  tenant_id uuid references tenants (id),
  symbol varchar(20) not null,
  asof timestamptz not null,
  total_assets numeric(25, 2),
  total_liabilities numeric(25, 2),
  net_income numeric(25, 2),
  eps numeric(10, 4),
  vendor varchar(50) not null,
  created_at timestamptz default now(),
  updated_at timestamptz default now(),
  constraint uq_fundamentals unique (symbol, asof)
);

create table news (
  id uuid default gen_random_uuid() primary key,
  tenant_id uuid references tenants (id),
  symbol varchar(20),
  title text not null,
  url text,
  published_at timestamptz not null,
  sentiment_score numeric(5, 4),
  vendor varchar(50) not null,
  created_at timestamptz default now(),
  updated_at timestamptz default now(),
  constraint uq_news unique (symbol, published_at, vendor)
);

-- It has the trigger below, and no column that the trigger could set.
create table options_snap (
  id uuid default gen_random_uuid() primary key,
  tenant_id uuid references tenants (id),
  symbol varchar(20) not null,
  expiry date not null,
  option_type varchar(1) not null,
  strike numeric(12, 2) not null,
  ts timestamptz not null,
  iv numeric(6, 4),
  delta numeric(8, 6),
  gamma numeric(10, 8),
  oi bigint,
  volume bigint,
  spot numeric(12, 4),
  vendor varchar(50) not null,
  created_at timestamptz default now(),
  constraint uq_options unique (symbol, expiry, option_type, strike, ts)
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

create table signals (
  provider text not null,
  symbol text not null check (upper(symbol) = symbol),
  ts timestamptz not null,
  name text not null,
  value double precision not null,
  score double precision,
  metadata jsonb,
  created_at timestamptz default now() not null,
  primary key (provider, symbol, ts, name)
);

create function update_updated_at_column() returns trigger language plpgsql as
  $body$ begin new.updated_at := now(); return new; end $body$;

do $do$
declare
  name text;
begin
  foreach name in array array[
    'tenants', 'jobs_outbox', 'api_config', 'bars', 'fundamentals', 'news', 'options_snap'
  ] loop
    execute format(
      'create trigger %I before update on %I for each row execute function update_updated_at_column()',
      'update_' || name || '_updated_at', name
    );
  end loop;
  foreach name in array array['bars', 'fundamentals', 'news', 'options_snap'] loop
    execute format('alter table %I enable row level security', name);
    execute format(
      'create policy %I on %I using (%s) with check (%3$s)',
      'tenant_isolation_' || name,
      name,
      $if$tenant_id = current_setting('app.tenant_id', true)::uuid$if$
    );
  end loop;
end
$do$;

create trigger bars_ohlcv_set_updated_at
  before update on bars_ohlcv for each row execute function update_updated_at_column();

create view latest_prices as
  select distinct on (symbol) symbol, close_price as price, ts as price_timestamp, vendor
  from bars
  order by symbol, ts desc;
