"""The backend: what is known (feed), what is asked (inbox), and two pumps between them and the ERP."""
