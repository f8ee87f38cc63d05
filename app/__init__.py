"""The web page of AdaMML Studio: layout, wiring, figures and styles. No torch, no decoding, no model code in here.

`python -m app` starts it. `app.page.build` makes the page; `app.service` is the only module that talks to the
recognizer.
"""

import os

from app import tmp_dirs

# Gradio reads these once, when it is first imported: no look-ups, no counting of visitors; and files in a private
# folder that goes. So they stand here, before any module of this package imports Gradio.
os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
os.environ["GRADIO_TEMP_DIR"] = str(tmp_dirs.folder("uploads"))
