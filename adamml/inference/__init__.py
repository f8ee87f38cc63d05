"""A clip session: what is asked for is computed once, remembered and metered; then the result is put together.

`inference_model` is a model made ready to run; `session` opens a clip and runs a policy, telling `events`.
`live_session` does the same for a camera, piece by piece.
`feature_view` is what a policy may know of the clip, backed by `feature_cache`; `running_scores` and `result_builder`
make the answer, `segment_detail` shows one segment from near. Policies import the feature view and nothing else here.
"""
