import os

CURRENCY = os.environ["SHOP_CURRENCY"]
