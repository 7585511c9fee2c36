"""The marshmallow schemas of the wire: one per collection, and one for the pushed order."""

from marshmallow import EXCLUDE, Schema, fields, validate


class UnitSchema(Schema):
    id = fields.String()
    name = fields.String()
    symbol = fields.String()
    category = fields.String()
    factor = fields.Decimal(as_string=True)
    decimals = fields.Integer()


class WarehouseSchema(Schema):
    id = fields.String()
    name = fields.String()


class ProductSchema(Schema):
    id = fields.String()
    sku = fields.String()
    name = fields.String()
    kind = fields.String()
    group = fields.String()
    base_unit = fields.String()
    units = fields.Raw()
    barcodes = fields.Raw()
    active = fields.Boolean()
    sellable = fields.Boolean()
    fits = fields.Raw()
    replaced_by = fields.String()
    deleted = fields.Boolean()


class CustomerSchema(Schema):
    id = fields.String()
    number = fields.String()
    name = fields.String()
    kind = fields.String()
    status = fields.String()
    block_order = fields.Boolean()
    block_delivery = fields.Boolean()
    territory = fields.String()
    group = fields.String()
    tax_id = fields.String()
    language = fields.String()
    currency = fields.String()
    price_list_id = fields.String()
    payment_term = fields.String()
    addresses = fields.Raw()
    notes = fields.String()
    replaced_by = fields.String()
    deleted = fields.Boolean()


class StockLevelSchema(Schema):
    id = fields.String()
    product_id = fields.String()
    warehouse_id = fields.String()
    unit = fields.String()
    on_hand = fields.Decimal(as_string=True)
    reserved = fields.Decimal(as_string=True)
    available = fields.Decimal(as_string=True)
    incoming = fields.Raw()
    as_of = fields.DateTime()
    deleted = fields.Boolean()


class OrderSchema(Schema):
    id = fields.String()
    number = fields.String()
    customer_id = fields.String()
    submission_id = fields.String()
    customer_reference = fields.String()
    order_date = fields.Date()
    requested_date = fields.Date()
    currency = fields.String()
    warehouse_id = fields.String()
    net = fields.Decimal(as_string=True)
    tax = fields.Decimal(as_string=True)
    gross = fields.Decimal(as_string=True)
    axes = fields.Raw()
    lines = fields.Raw()
    deliveries = fields.Raw()
    invoices = fields.Raw()
    deleted = fields.Boolean()


class ReceivableSchema(Schema):
    id = fields.String()
    customer_id = fields.String()
    type = fields.String()
    number = fields.String()
    date = fields.Date()
    due_date = fields.Date()
    amount = fields.Decimal(as_string=True)
    open_amount = fields.Decimal(as_string=True)
    currency = fields.String()
    order_number = fields.String()
    deleted = fields.Boolean()


class CapturedLineSchema(Schema):
    line_no = fields.Integer(required=True, validate=validate.Range(1, 100_000))
    product_id = fields.String(required=True)
    quantity = fields.Decimal(required=True, as_string=True, validate=validate.Range(0, min_inclusive=False))
    unit = fields.String(required=True)
    unit_price = fields.Decimal(required=True, as_string=True, validate=validate.Range(0))
    discount_percent = fields.Decimal(as_string=True, load_default=None, allow_none=True)
    notes = fields.String(load_default=None, allow_none=True, validate=validate.Length(max=400))


class CapturedOrderSchema(Schema):
    class Meta:
        unknown = EXCLUDE

    id = fields.String(required=True, validate=validate.Length(26))
    customer_id = fields.String(required=True)
    order_date = fields.Date(required=True)
    requested_date = fields.Date(load_default=None, allow_none=True)
    currency = fields.String(required=True, validate=validate.Length(3))
    customer_reference = fields.String(load_default=None, allow_none=True, validate=validate.Length(max=35))
    warehouse_id = fields.String(load_default=None, allow_none=True)
    notes = fields.String(load_default=None, allow_none=True, validate=validate.Length(max=2000))
    lines = fields.List(fields.Nested(CapturedLineSchema), required=True, validate=validate.Length(1, 500))
