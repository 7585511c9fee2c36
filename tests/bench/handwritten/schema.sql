CREATE TABLE rep (id text PRIMARY KEY, territories text[] NOT NULL, warehouses text[] NOT NULL);
CREATE TABLE units (
    id text PRIMARY KEY, name text NOT NULL, symbol text NOT NULL, category text NOT NULL, factor numeric NOT NULL,
    decimals int NOT NULL, deleted boolean NOT NULL DEFAULT false, updated_at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE warehouses (
    id text PRIMARY KEY, name text NOT NULL,
    deleted boolean NOT NULL DEFAULT false, updated_at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE products (
    id text PRIMARY KEY, sku text, name text NOT NULL, kind text NOT NULL, "group" text, base_unit text NOT NULL,
    units jsonb NOT NULL, barcodes jsonb NOT NULL, active boolean NOT NULL, sellable boolean NOT NULL,
    fits jsonb NOT NULL, replaced_by text,
    deleted boolean NOT NULL DEFAULT false, updated_at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE customers (
    id text PRIMARY KEY, number text, name text NOT NULL, kind text NOT NULL, status text NOT NULL,
    block_order boolean NOT NULL, block_delivery boolean NOT NULL, territory text, "group" text, tax_id text,
    language text, currency text, price_list_id text, payment_term text, addresses jsonb NOT NULL, notes text,
    replaced_by text,
    deleted boolean NOT NULL DEFAULT false, updated_at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE stock_levels (
    id text PRIMARY KEY, product_id text NOT NULL REFERENCES products, warehouse_id text NOT NULL, unit text NOT NULL,
    on_hand numeric NOT NULL, reserved numeric NOT NULL, available numeric NOT NULL, incoming jsonb NOT NULL,
    as_of timestamptz NOT NULL,
    deleted boolean NOT NULL DEFAULT false, updated_at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE orders (
    id text PRIMARY KEY, number text, customer_id text NOT NULL REFERENCES customers, submission_id text,
    customer_reference text, order_date date, requested_date date, currency text NOT NULL, warehouse_id text,
    net numeric NOT NULL, tax numeric NOT NULL, gross numeric NOT NULL, axes jsonb NOT NULL, lines jsonb NOT NULL,
    deliveries jsonb NOT NULL, invoices jsonb NOT NULL,
    deleted boolean NOT NULL DEFAULT false, updated_at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE receivables (
    id text PRIMARY KEY, customer_id text NOT NULL REFERENCES customers, type text NOT NULL, number text,
    date date NOT NULL, due_date date, amount numeric NOT NULL, open_amount numeric NOT NULL, currency text NOT NULL,
    order_number text,
    deleted boolean NOT NULL DEFAULT false, updated_at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE captured_order (
    id text PRIMARY KEY, rep text NOT NULL REFERENCES rep, customer_id text NOT NULL REFERENCES customers,
    order_date date NOT NULL, currency text NOT NULL, body jsonb NOT NULL, status text NOT NULL DEFAULT 'queued',
    received_at timestamptz NOT NULL DEFAULT now()
);
