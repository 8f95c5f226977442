"""The shop's vocabulary for the kitchen: everyday phrase to catalogue term."""

from __future__ import annotations

from typing import Final

from .family import Family

KITCHEN: Final = (
    Family(
        name="cookware",
        brands=("Pannari", "Vulcora", "Cuvette"),
        types={
            "small pot": "saucepan",
            "frying pan": "skillet",
            "stew pot": "casserole",
            "stir-fry pan": "wok",
            "deep oven dish": "roaster",
        },
        materials={
            "rustproof metal": "stainless steel",
            "heavy black metal": "cast iron",
            "reddish metal": "copper",
            "coated clay": "glazed ceramic",
        },
        sizes={
            "for one portion": "mini",
            "for a crowd": "jumbo",
            "for four portions": "standard-size",
        },
        features={
            "that food slides off": "non-stick",
            "that i can bake in": "ovenproof",
            "i do not have to clean by hand": "dishwasher-safe",
            "for a magnetic hob": "induction",
        },
        uses={
            "for steak": "searing",
            "for big parties": "catering",
            "for slow cooking": "simmering",
        },
        asides=(
            "Cover with the lid and let the heat do the work.",
            "A deep, heavy feel in the hand.",
            "Oil it lightly before the first use.",
            "Small bubbles show that the food is done.",
        ),
    ),
    Family(
        name="kitchen appliances",
        brands=("Brizzel", "Vulcora", "Kavanto"),
        types={
            "water boiler": "kettle",
            "smoothie maker": "blender",
            "coffee maker": "espresso machine",
            "bread browner": "toaster",
            "orange squeezer": "juicer",
            "vegetable chopper": "food processor",
        },
        materials={
            "matt metal": "brushed aluminium",
            "heatproof glass": "borosilicate",
            "see-through plastic": "acrylic",
        },
        sizes={
            "for just one cup": "single-serve",
            "for many guests": "large-capacity",
            "that takes up little space": "compact",
        },
        features={
            "with a timer": "programmable",
            "that removes limescale": "self-descaling",
            "that is not loud": "low-noise",
            "with buttons on glass": "touchscreen",
        },
        uses={
            "for our tea break at work": "kitchenette",
            "for the camper": "caravan",
            "for latte art": "barista",
        },
        asides=(
            "Makes a good start to the morning.",
            "The cable is long enough for most kitchens.",
            "Fresh orange, coffee or soup: guests will be back.",
            "Wipe the glass front with a soft cloth.",
        ),
    ),
    Family(
        name="tableware",
        brands=("Cuvette", "Porsella", "Kavanto"),
        types={
            "water jug": "carafe",
            "drinking glass": "tumbler",
            "wine glass": "goblet",
            "tea cup": "mug",
            "serving plate": "platter",
            "dessert bowl": "ramekin",
        },
        materials={
            "rough pottery": "stoneware",
            "fine china": "porcelain",
            "sparkling glass": "crystal",
            "unbreakable plastic": "melamine",
        },
        sizes={
            "for six guests": "six-piece",
            "for a dozen guests": "twelve-piece",
        },
        features={
            "that can be heated up": "microwaveable",
            "decorated by an artist": "hand-painted",
            "that keeps drinks hot": "double-walled",
            "that does not shatter": "tempered",
        },
        uses={
            "for eating in the park": "picnic",
            "for a wedding": "banquet",
            "for late breakfast": "brunch",
        },
        asides=(
            "Fills a shelf or a table with style.",
            "Serving ideas are printed on the box.",
            "Drinks and hot meals look good in it.",
            "A rough base keeps it from sliding.",
        ),
    ),
)
