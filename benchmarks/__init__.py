"""Measurements beside `proctor bench`: past one machine (scale_model), for long (soak), of local models (thinking)."""
